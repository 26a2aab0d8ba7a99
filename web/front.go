package web

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
)

// Front is all that is behind the ports of the web. Each part serves what is its own, and leaves the rest to the next.
type Front struct {
	Around     func(next http.Handler) http.Handler // who is let in, and what goes before all
	Site       *Site
	Phones     func(next http.Handler) http.Handler // one-time links
	Page       func(secure bool) http.Handler       // for people; secure says that TLS is around it
	Challenges http.Handler                         // of the authority that gives certificates

	TLS  *tls.Config                     // of HTTPS
	Wrap func(net.Listener) net.Listener // as of NewServer
	Log  *slog.Logger
}

// HTTPS is the site, and the page. TLS may let the authority look there, too.
func (f Front) HTTPS() *Server {
	return NewServer(f.Around(f.Site.Handler(f.Phones(f.Page(true)))), f.Log, f.TLS, f.Wrap)
}

// HTTP is where the authority looks whether a name is ours (RFC 8555 §8.3), where Thunderbird looks for settings at last, and
// where the page is at home until there is a certificate.
func (f Front) HTTP() *Server {
	mux := http.NewServeMux()
	mux.Handle("/.well-known/acme-challenge/", f.Challenges)
	mux.Handle("/", f.Phones(f.Page(false)))
	return NewServer(f.Around(f.Site.PlainHandler(mux)), f.Log, nil, f.Wrap)
}
