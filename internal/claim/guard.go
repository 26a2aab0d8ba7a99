package claim

import (
	"io"
	"net/http"
	"net/netip"

	"buzon/internal/text"
)

// near tells whether an address is of this machine or of a private network: loopback, RFC 1918, RFC 4193, and those that
// hold on one link. The shared ones of RFC 6598 are not: behind them are all customers of a provider. Nor are public ones of
// IPv6 that look like ours: nobody needs them for a first visit, since we tell no such address.
func near(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
}

// Guard lets nobody but those who are near through to next, until the box is claimed: an unclaimed page on the Internet
// would be somebody else's in minutes.
func Guard(next http.Handler, claimed func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if (err == nil && near(from.Addr())) || claimed() {
			next.ServeHTTP(w, r)
			return
		}
		words := text.Load(text.Choose(r.Header.Get("Accept-Language")))
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, words.Say("claim_not_near")+"\n") // fails where the peer is gone
	})
}
