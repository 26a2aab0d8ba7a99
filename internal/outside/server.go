package outside

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"buzon/internal/dns"
	"buzon/internal/limit"
)

// Server is the checker. Its exported fields are set before first use.
type Server struct {
	Log   *slog.Logger
	Now   func() time.Time
	Dial  func(ctx context.Context, network, address string) (net.Conn, error) // nil: net.Dialer
	Roots *x509.CertPool                                                       // nil: those of the system
	Allow func(netip.Addr) bool                                                // who may ask; nil: public addresses

	once    sync.Once
	sources *limit.Sources
	places  chan struct{} // one for each look at once
}

const (
	atOnce     = 16               // looks; each is at most seven connections
	perMinute  = 6                // looks of one address: a person who mends a router tries again and again
	remembered = 4096             // addresses
	lookTime   = 25 * time.Second // of one look: a mail server may let strangers wait some seconds before it greets
)

func (s *Server) prepare() {
	s.sources = &limit.Sources{Connections: perMinute, Parallel: 1, Entries: remembered, Now: s.Now}
	s.places = make(chan struct{}, atOnce)
	if s.Dial == nil {
		s.Dial = (&net.Dialer{}).DialContext
	}
	if s.Allow == nil {
		s.Allow = dns.IsPublic
	}
}

// Handler answers requests.
func (s *Server) Handler() http.Handler {
	s.once.Do(s.prepare)
	return http.HandlerFunc(s.serve)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	from, err := netip.ParseAddrPort(r.RemoteAddr) // and no header, whatever it says
	addr := from.Addr().Unmap().WithZone("")
	ports := wanted(r)
	switch {
	case r.URL.Path != path || r.Method != http.MethodGet:
		http.Error(w, "There is only GET "+path+"?port=25 here.", http.StatusNotFound)
		return
	case err != nil || !s.Allow(addr):
		http.Error(w, "Only public addresses are looked at.", http.StatusForbidden)
		return
	case len(ports) == 0:
		http.Error(w, "Say which ports: port=25&port=443.", http.StatusBadRequest)
		return
	}
	done, ok := s.enter(addr)
	if !ok {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "Too many requests; please come back in a minute.", http.StatusTooManyRequests)
		return
	}
	defer done()
	ctx, cancel := context.WithTimeout(r.Context(), lookTime)
	defer cancel()
	answer := s.look(ctx, addr, ports, serverName(r))
	s.Log.Info("looked", "at", addr, "ports", ports)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.Log.Debug("answer not sent", "to", addr, "err", err)
	}
}

// enter takes a place for a look at addr.
func (s *Server) enter(addr netip.Addr) (leave func(), ok bool) {
	done, ok := s.sources.Open(addr, true)
	if !ok {
		return nil, false
	}
	select {
	case s.places <- struct{}{}:
		return func() { <-s.places; done() }, true
	default:
		done()
		return nil, false
	}
}

// wanted are the ports of the request that are among Ports, each once.
func wanted(r *http.Request) []int {
	var list []int
	for _, text := range r.URL.Query()["port"] {
		n, err := strconv.Atoi(text)
		if err == nil && slices.Contains(Ports(), n) && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// serverName is the name to ask certificates for; one that is none is not sent on.
func serverName(r *http.Request) string {
	name := r.URL.Query().Get("name")
	odd := strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-'
	})
	if odd || len(name) > 253 {
		return ""
	}
	return name
}

// look looks at all ports side by side.
func (s *Server) look(ctx context.Context, addr netip.Addr, ports []int, name string) Answer {
	answer := Answer{Address: addr, Ports: make([]Port, len(ports))}
	var all sync.WaitGroup
	for i, port := range ports {
		all.Go(func() { answer.Ports[i] = s.lookAt(ctx, netip.AddrPortFrom(addr, uint16(port)), name) })
	}
	all.Wait()
	return answer
}
