package dnsupdate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

// Look asks the servers that speak for a domain themselves: all others may remember for an hour that there was nothing.
type Look struct {
	Resolver func() []string // host:port of servers that resolve names for us
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Port     string // of the domain's servers; "" is 53, another one is for tests
}

// Seen tells whether every server of the domain that answers shows the record, and one does. An error says that none
// could be asked. It is a Seen.
func (l *Look) Seen(ctx context.Context, name, text string) (bool, error) {
	servers, err := l.servers(ctx, name)
	if err != nil {
		return false, err
	}
	var last error
	shown := 0
	for _, server := range servers {
		r, err := l.ask(ctx, server, name, wire.TypeTXT, false)
		switch {
		case err != nil:
			last = err
		case !has(r, text):
			return false, nil
		default:
			shown++
		}
	}
	if shown == 0 {
		return false, errors.Join(errors.New("no server of the domain answers"), last)
	}
	return true, nil
}

func has(r *wire.Msg, text string) bool {
	for _, rr := range r.Answer {
		if t, ok := rr.(*wire.TXT); ok && strings.Join(t.Txt, "") == text {
			return true
		}
	}
	return false
}

// maxServers is how many servers of a domain are asked: an authority asks no more.
const maxServers = 4

// servers are the addresses of the servers that speak for a name.
func (l *Look) servers(ctx context.Context, name string) (list []string, err error) {
	names, err := l.nameServers(ctx, name)
	if err != nil {
		return nil, err
	}
	port := l.Port
	if port == "" {
		port = "53"
	}
	for _, ns := range names[:min(len(names), maxServers)] {
		if a := l.address(ctx, ns); a != nil {
			list = append(list, net.JoinHostPort(a.String(), port))
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("the servers of %s have no address", name)
	}
	return list, nil
}

// address is one of a host's, IPv4 where there is one: more homes have that. It is nil where none is found; the domain's
// other servers may do.
func (l *Look) address(ctx context.Context, host string) net.IP {
	for _, kind := range []uint16{wire.TypeA, wire.TypeAAAA} {
		r, err := l.resolve(ctx, host, kind)
		if err != nil {
			continue
		}
		for _, rr := range r.Answer {
			switch a := rr.(type) {
			case *wire.A:
				return a.A
			case *wire.AAAA:
				return a.AAAA
			}
		}
	}
	return nil
}

// nameServers finds the nearest names above with servers of their own.
func (l *Look) nameServers(ctx context.Context, name string) (list []string, err error) {
	for at := wire.CanonicalName(name); at != "" && at != "."; at = parent(at) {
		r, err := l.resolve(ctx, at, wire.TypeNS)
		if err != nil {
			return nil, err
		}
		for _, rr := range r.Answer {
			if ns, ok := rr.(*wire.NS); ok {
				list = append(list, ns.Ns)
			}
		}
		if len(list) > 0 {
			return list, nil
		}
	}
	return nil, fmt.Errorf("no servers for %s", name)
}

// resolve asks the servers that resolve names for us.
func (l *Look) resolve(ctx context.Context, name string, kind uint16) (*wire.Msg, error) {
	last := errors.New("no DNS server is known")
	for _, server := range l.Resolver() {
		r, err := l.ask(ctx, server, name, kind, true)
		if err == nil {
			return r, nil
		}
		last = err
	}
	return nil, last
}

// ask asks one server, by TCP: then the answer fits, and nobody forges it from afar.
func (l *Look) ask(ctx context.Context, server, name string, kind uint16, recursive bool) (*wire.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	raw, err := l.Dial(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	conn := &wire.Conn{Conn: raw}
	m := new(wire.Msg).SetQuestion(wire.CanonicalName(name), kind)
	m.RecursionDesired = recursive
	if err := conn.WriteMsg(m); err != nil {
		return nil, err
	}
	r, err := conn.ReadMsg()
	if err != nil {
		return nil, err
	}
	if r.Id != m.Id || r.Rcode != wire.RcodeSuccess && r.Rcode != wire.RcodeNameError {
		return nil, fmt.Errorf("%s says %s", server, wire.RcodeToString[r.Rcode])
	}
	return r, nil
}
