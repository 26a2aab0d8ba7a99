// Package web is what the appliance shows on the ports of the web. So far that
// is what other mail servers fetch: the MTA-STS policy of our domains (RFC 8461
// §3.3). Everything else is not found, whatever its name.
package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
)

// Site is what the handler needs to know.
type Site struct {
	// Ours tells whether mail for a domain comes here. The name is as the client
	// wrote it, and may be anything.
	Ours func(ctx context.Context, domain string) (bool, error)
	// Policy is the MTA-STS policy that holds for all of them.
	Policy func() string
	Log    *slog.Logger
}

// policyPath is the one of RFC 8461 §3.3.
const policyPath = "/.well-known/mta-sts.txt"

// Handler serves the site.
func (s *Site) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Site) serve(w http.ResponseWriter, r *http.Request) {
	domain, isPolicy := strings.CutPrefix(hostOf(r), "mta-sts.")
	if !isPolicy || r.URL.Path != policyPath || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	ours, err := s.Ours(r.Context(), domain)
	switch {
	case err != nil: // RFC 8461 §3.3: the sender goes on with what it has, and comes again
		s.Log.Error("policy not served", "domain", domain, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	case !ours:
		http.NotFound(w, r)
	default:
		s.servePolicy(w)
	}
}

func (s *Site) servePolicy(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=us-ascii") // RFC 8461 §3.2
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := w.Write([]byte(s.Policy())); err != nil {
		s.Log.Debug("policy not fetched to its end", "err", err)
	}
}

// hostOf is the host that the client wants, in lower case, without port and final dot.
func hostOf(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
