package verdict

import (
	"context"
	"net/netip"
	"strings"

	"blitiri.com.ar/go/spf"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// SPF is what one identity of the envelope is worth (RFC 7208 §2.6).
type SPF struct {
	Result string // Pass, Fail, SoftFail, Neutral, None, TempError or PermError
	Reason string // English; "" where the result says it all
	Domain string // that was asked about, A-labels; "" none could be
	Sender string // the identity: an address, of HELO "postmaster@" and its name (RFC 7208 §2.4)
	Helo   bool   // the identity is HELO's
}

// checkSPF judges the reverse-path, or HELO where from is zero.
func checkSPF(ctx context.Context, m Mail, client netip.Addr, from message.Address) SPF {
	helo := asciiDomain(m.Helo)
	s := SPF{Result: None, Helo: from.IsZero()}
	local := from.Local
	if s.Domain = asciiDomain(from.Domain); s.Helo {
		local, s.Domain = "postmaster", helo
	}
	s.Sender = (message.Address{Local: local, Domain: s.Domain}).String()
	switch {
	case !client.IsValid():
		s.Reason = "the client has no address"
		return s
	case !asksDNS(s.Domain): // RFC 7208 §4.3
		s.Reason, s.Domain = "not a domain that could have a record", ""
		return s
	}
	g := &guard{Standard: dns.Standard{Resolver: m.Resolver}, client: client, helo: helo, local: local, domain: s.Domain}
	// The library cuts at the first @, which a quoted local part may have.
	sender := strings.ReplaceAll(local, "@", "=") + "@" + s.Domain
	result, err := spf.CheckHostWithSender(client.AsSlice(), helo, sender, spf.WithContext(ctx), spf.WithResolver(g))
	s.Result = string(result)
	switch {
	case g.fault != nil && result == spf.PermError:
		s.Reason = g.fault.Error()
	case result == spf.TempError:
		s.Reason = dns.ErrTemporary.Error()
	case result == spf.PermError && err != nil:
		s.Reason = err.Error()
	}
	return s
}

// asksDNS tells that a domain has two labels at least and is no address literal (RFC 7208 §4.3).
func asksDNS(domain string) bool {
	return strings.Contains(strings.Trim(domain, "."), ".") && !strings.HasPrefix(domain, "[")
}
