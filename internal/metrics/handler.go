package metrics

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// contentType is that of the text format.
const contentType = "text/plain; version=0.0.4; charset=utf-8"

// Handler serves the numbers to programs on this machine; for others there is nothing here. Whoever puts a proxy on this
// machine in front of it serves them to the world: it passes on the name that was asked for, and that is looked at too.
func (r *Registry) Handler(log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !fromHere(q) || q.Method != http.MethodGet && q.Method != http.MethodHead {
			http.NotFound(w, q)
			return
		}
		w.Header().Set("Content-Type", contentType)
		if _, err := r.WriteTo(w); err != nil {
			log.Debug("metrics not fetched to their end", "err", err)
		}
	})
}

// Before serves the numbers at /metrics; all else is next's.
func (r *Registry) Before(next http.Handler, log *slog.Logger) http.Handler {
	numbers := r.Handler(log)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/metrics" {
			numbers.ServeHTTP(w, q)
			return
		}
		next.ServeHTTP(w, q)
	})
}

// fromHere tells that both ends are this machine, and that it was asked for as such: a page in a browser here could
// otherwise ask under a name of its own (DNS rebinding). A proxy says for whom it asks.
func fromHere(q *http.Request) bool {
	remote, err := netip.ParseAddrPort(q.RemoteAddr)
	if err != nil || !remote.Addr().Unmap().IsLoopback() || q.Header.Get("X-Forwarded-For") != "" || q.Header.Get("Forwarded") != "" {
		return false
	}
	host := q.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}
