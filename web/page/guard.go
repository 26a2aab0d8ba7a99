package page

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"buzon/internal/limit"
	"buzon/internal/message"
)

const (
	maxForm = 64 << 10 // octets of a form; uploads read their body themselves

	// One person clicks no faster, and a page with its parts is three requests.
	burst   = 120         // requests at once from one address (IPv6: a /64)
	refill  = time.Second // one more each
	sources = 500         // addresses remembered: 100 octets each
)

// guard stands before every page: it decides by what a browser cannot be made to forge.
func (p *Page) guard(secure bool, next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection() // Sec-Fetch-Site, else Origin: no form of another site's is taken
	origin.SetDenyHandler(p.refuse(secure, http.StatusForbidden, "page_error_origin"))
	next = origin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		harden(w.Header(), secure)
		from := addressOf(r)
		switch {
		case !p.rates.allow(limit.Key(from)):
			w.Header().Set("Retry-After", "10")
			p.refuse(secure, http.StatusTooManyRequests, "page_error_rate").ServeHTTP(w, r)
		case !p.knownHost(r.Host) && !isStatic(r): // DNS rebinding: a name of somebody else's that leads here
			p.refuse(secure, http.StatusMisdirectedRequest, "page_error_host").ServeHTTP(w, r)
		case (!secure || !p.Claimed()) && !p.Home(from):
			p.refuse(secure, http.StatusForbidden, "page_error_away").ServeHTTP(w, r)
		case !secure && p.secureName(r) != "":
			w.Header().Set("Location", "https://"+p.secureName(r)+r.URL.RequestURI())
			w.WriteHeader(http.StatusPermanentRedirect) // RFC 9110 §15.4.9: the method stays
		default:
			r.Body = http.MaxBytesReader(w, r.Body, p.bodyLimit(r))
			next.ServeHTTP(w, r)
		}
	})
}

// isStatic tells of what has no secrets: the style of the page on which we say that a name is not ours.
func isStatic(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/static/") }

// bodyLimit is how long a body may be: that of a form, but for those who upload, who look themselves.
func (p *Page) bodyLimit(r *http.Request) int64 {
	if strings.HasPrefix(r.URL.Path, uploads) {
		return 1 << 40
	}
	return maxForm
}

// uploads is where files are sent to.
const uploads = "/upload/"

func (p *Page) refuse(secure bool, code int, key string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := p.newRequest(w, hr, secure)
		if err := r.status(code, key)(w); err != nil {
			p.Log.Debug("refusal not fetched to its end", "err", err)
		}
	})
}

// harden forbids what we never do: scripts and styles in the page, frames, other sites, telling where one came from.
func harden(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if secure { // HTML Living Standard §7.1.3: without TLS browsers ignore it, and complain in their console
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-store")
}

// knownHost tells whether the name under which we are asked is ours: an address, which nobody can lead elsewhere, or a name
// that we have.
func (p *Page) knownHost(hostPort string) bool {
	host := hostName(hostPort)
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	return host == "localhost" || host == p.Name() || p.isLocal(host) || p.isOurs(host)
}

// isLocal tells of our name by mDNS, which routers also know without ".local".
func (p *Page) isLocal(host string) bool {
	local := p.Local()
	label, _ := strings.CutSuffix(local, ".local")
	return local != "" && (host == local || host == label)
}

// isOurs tells of the names that programs know us by.
func (p *Page) isOurs(host string) bool {
	if host == "" {
		return false
	}
	_, domain, found := strings.Cut(host, ".")
	for _, d := range []string{host, domain} {
		a, err := message.ParseAddress("postmaster@" + d)
		if err != nil || !found {
			continue
		}
		if ours, err := p.Store.IsLocalDomain(p.ctx, a.Domain); err == nil && ours {
			return d == host || host == p.NameFor(a.Domain)
		}
	}
	return false
}

// secureName is the name under which to come over TLS, once there is a certificate that browsers believe and the name leads
// here from where they are; "" otherwise.
func (p *Page) secureName(r *http.Request) string {
	if !p.Trusted() || isStatic(r) {
		return ""
	}
	name := p.Name()
	if hostName(r.Host) == name || p.Reaches() {
		return name
	}
	return "" // in a home whose router leads nobody back inside, the numeric address is all there is
}

func hostName(hostPort string) string {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// rates is a leaky bucket for each address.
type rates struct {
	mu    sync.Mutex
	table limit.Table[netip.Addr, bucket]
	now   func() time.Time
}

type bucket struct {
	used float64
	at   time.Time
}

func (r *rates) allow(from netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, now := r.table.Make(from, sources), r.now()
	if drained := now.Sub(b.at).Seconds() / refill.Seconds(); drained > 0 {
		b.used = max(0, b.used-drained)
	}
	b.at = now
	if b.used >= burst {
		return false
	}
	b.used++
	return true
}
