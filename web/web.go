// Package web is what the appliance shows on the ports of the web. So far that
// is what programs fetch: the MTA-STS policy of our domains (RFC 8461 §3.3), for
// other mail servers, and the settings of an account, for mail programs: Mozilla's
// autoconfig, Microsoft's Autodiscover (MS-OXDSCLI) and the draft PACC.
//
// The name of the host decides, and only names of our domains have anything.
// What is told holds for a domain, never for an account: nothing here knows
// whether one exists. Everything else is not found, whatever its name.
package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Site is what the handlers need to know.
type Site struct {
	// Ours tells whether mail for a domain comes here. The name is as the client
	// wrote it, and may be anything.
	Ours func(ctx context.Context, domain string) (bool, error)
	// Policy is the MTA-STS policy of one of them.
	Policy func(domain string) string
	// Host is the name, in A-labels, under which mail programs of a domain find the server.
	Host func(domain string) string
	// Port is where they find a service, by the name in its SRV record ("imaps"); 0 means that it is not offered.
	Port func(service string) int
	Now  func() time.Time
	Log  *slog.Logger
}

// page is something to fetch.
type page struct {
	label string // stands before the domain in the host's name
	path  string // as pathOf gives it
	post  bool   // the method; else it is GET and HEAD
	own   bool   // it is at the server's own name, too
	serve func(w http.ResponseWriter, r *http.Request, domain string)
}

// policyPath is the one of RFC 8461 §3.3.
const policyPath = "/.well-known/mta-sts.txt"

// Handler serves the site over HTTPS; all else is next's.
func (s *Site) Handler(next http.Handler) http.Handler {
	return s.handler(s.pages(), next)
}

func (s *Site) pages() []page {
	return slices.Concat([]page{{label: "mta-sts.", path: policyPath, serve: s.servePolicy}},
		s.autoconfigPages(), s.autodiscoverPages(), s.paccPages())
}

// known tells whether a path is one of those that programs fetch, at whatever host.
func (s *Site) known(path string) bool {
	return slices.ContainsFunc(s.pages(), func(p page) bool { return p.path == path })
}

// PlainHandler serves the little that may be fetched without TLS; all else is next's.
func (s *Site) PlainHandler(next http.Handler) http.Handler {
	return s.handler(s.autoconfigPages(), next)
}

// handler serves the pages; what is none of them is next's.
func (s *Site) handler(pages []page, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, domain, err := s.find(r, pages)
		switch {
		case err != nil: // RFC 8461 §3.3: the sender goes on with what it has, and comes again; so do programs
			s.Log.Error("page not served", "host", hostOf(r), "path", r.URL.Path, "err", err)
			w.WriteHeader(http.StatusServiceUnavailable)
		case p == nil && s.known(pathOf(r)):
			http.NotFound(w, r) // a program asks, and wants no page for people
		case p == nil:
			next.ServeHTTP(w, r)
		case !p.allows(r.Method):
			w.Header().Set("Allow", p.methods()) // RFC 9110 §15.5.6
			w.WriteHeader(http.StatusMethodNotAllowed)
		default:
			p.serve(w, r, domain)
		}
	})
}

// find is the page that a request is for, and the domain of ours that it is about; nil if there is none.
func (s *Site) find(r *http.Request, pages []page) (*page, string, error) {
	host, path := hostOf(r), pathOf(r)
	for i := range pages {
		if path != pages[i].path {
			continue
		}
		if domain, ours, err := s.isFor(r.Context(), host, &pages[i]); err != nil || ours {
			return &pages[i], domain, err
		}
	}
	return nil, "", nil
}

// isFor tells whether a page is at a host, and for which domain.
func (s *Site) isFor(ctx context.Context, host string, p *page) (domain string, ours bool, err error) {
	if domain, named := strings.CutPrefix(host, p.label); named {
		if ours, err := s.Ours(ctx, domain); err != nil || ours {
			return domain, ours, err
		}
	}
	if p.own {
		return s.isOwn(ctx, host)
	}
	return "", false, nil
}

// isOwn tells whether a host is the server's own name: the one that it was given, which is the same for every domain, or
// without one a name below a domain of ours.
func (s *Site) isOwn(ctx context.Context, host string) (domain string, ours bool, err error) {
	_, domain, _ = strings.Cut(host, ".")
	switch host {
	case s.Host(""):
		return domain, true, nil
	case s.Host(domain):
		ours, err = s.Ours(ctx, domain)
	}
	return domain, ours, err
}

func (p *page) allows(method string) bool {
	if p.post {
		return method == http.MethodPost
	}
	return method == http.MethodGet || method == http.MethodHead
}

func (p *page) methods() string {
	if p.post {
		return http.MethodPost
	}
	return http.MethodGet + ", " + http.MethodHead
}

func (s *Site) servePolicy(w http.ResponseWriter, _ *http.Request, domain string) {
	s.write(w, http.StatusOK, "text/plain; charset=us-ascii", []byte(s.Policy(domain))) // RFC 8461 §3.2
}

// write sends a page whole.
func (s *Site) write(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		s.Log.Debug("page not fetched to its end", "err", err)
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

// pathOf is the path that the client wants. Those of Autodiscover are written in any case, and are in lower case here.
func pathOf(r *http.Request) string {
	if lower := strings.ToLower(r.URL.Path); strings.HasPrefix(lower, autodiscoverFolder) {
		return lower
	}
	return r.URL.Path
}
