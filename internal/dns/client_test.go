package dns_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	wire "github.com/miekg/dns"

	"buzon/internal/dns"
	"buzon/internal/dns/dnstest"
)

const zone = `
	example.org            MX   10 mx.example.org.
	mx.example.org   120   A    192.0.2.1
	alias.example          CNAME mx.example.org.
	zero.example     0     MX   10 mx.example.org.
`

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// client asks one server.
func client(addr string, now func() time.Time) *dns.Client {
	return dns.NewClient(dns.Options{Settings: func() dns.Settings { return dns.Settings{Server: addr} }, Now: now})
}

// expect asks for the MX of a name and wants that kind of error, or none.
func expect(t *testing.T, r dns.Resolver, host string, want error) dns.Answer[dns.MX] {
	t.Helper()
	a, err := r.MX(t.Context(), host)
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", host, err, want)
	}
	return a
}

func TestClientAsks(t *testing.T) {
	m := dns.NewMap(zone)
	s := dnstest.Start(t, m)
	c := client(s.Addr, nil)
	m.Secure("example.org")
	if a := expect(t, c, "example.org", nil); !a.Authentic || len(a.Records) != 1 || a.Records[0].Host != "mx.example.org" {
		t.Errorf("%+v", a)
	}
	if a, err := c.Addresses(t.Context(), "alias.example"); err != nil || a.Authentic || a.Name != "mx.example.org" || len(a.Records) != 1 {
		t.Errorf("%+v %v", a, err)
	}
	m.Secure("denied.example")
	if a := expect(t, c, "denied.example", dns.ErrNoDomain); !a.Authentic {
		t.Errorf("%+v", a)
	}
	if a := expect(t, c, "mx.example.org", dns.ErrNotFound); !a.Authentic {
		t.Errorf("%+v", a)
	}
}

// AD of a server elsewhere is worth nothing unless the owner says so.
func TestClientTrusts(t *testing.T) {
	m := dns.NewMap(zone)
	m.Secure("example.org")
	s := dnstest.Start(t, m)
	settings := dns.Settings{Server: "192.0.2.53:53"}
	var asked atomic.Int32 // with DO or AD
	s.Tamper(func(network string, query, answer *wire.Msg, send func([]byte)) {
		if query.AuthenticatedData || query.IsEdns0() != nil && query.IsEdns0().Do() {
			asked.Add(1)
		}
		answer.AuthenticatedData = true
		send(dnstest.Pack(network, query, answer))
	})
	c := dns.NewClient(dns.Options{
		Settings: func() dns.Settings { return settings },
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != settings.Server {
				return nil, fmt.Errorf("dialled %s", address)
			}
			return new(net.Dialer).DialContext(ctx, network, s.Addr)
		},
	})
	if c.Trusted() || expect(t, c, "example.org", nil).Authentic || asked.Load() != 0 {
		t.Error("a server elsewhere was believed or asked for a proof")
	}
	settings.Trusted = true
	if !c.Trusted() || !expect(t, c, "example.org", nil).Authentic || asked.Load() != 1 {
		t.Error("the setting does not count, or the old answer was kept")
	}
}

func TestClientFromMany(t *testing.T) {
	m := dns.NewMap(zone)
	c := client(dnstest.Start(t, m).Addr, nil)
	var all sync.WaitGroup
	for i := range 40 { // more overflow the socket of a slow machine, and cost a timeout
		all.Go(func() {
			if _, err := c.Addresses(t.Context(), fmt.Sprintf("h%d.mx.example.org", i%10)); !errors.Is(err, dns.ErrNoDomain) {
				t.Error(err)
			}
			if _, err := c.Addresses(t.Context(), "mx.example.org"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
