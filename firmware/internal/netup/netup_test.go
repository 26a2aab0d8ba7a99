package netup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"buzon/firmware/internal/rtnl"
)

// machine is a kernel and the world at the ends of its cables.
type machine struct {
	mu    sync.Mutex
	links []rtnl.Link
	has   []string     // addresses and routes
	asked []string     // what servers heard
	offer Lease        // what they give; zero: they are silent
	renew error        // what they say to who wants more time
	dns   []netip.Addr // last told
}

func (m *machine) Links() ([]rtnl.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.links), nil
}

func (m *machine) Addresses() ([]rtnl.Address, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []rtnl.Address
	for _, s := range m.has {
		if p, err := netip.ParsePrefix(s); err == nil {
			all = append(all, rtnl.Address{Index: 2, Prefix: p, Usable: true})
		}
	}
	return all, nil
}

func (m *machine) SetUp(index int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.links {
		if m.links[i].Index == index {
			m.links[i].Up = true
		}
	}
	return nil
}

func (m *machine) change(add bool, what string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.has = slices.DeleteFunc(m.has, func(s string) bool { return s == what })
	if add {
		m.has = append(m.has, what)
	}
	return nil
}

func (m *machine) AddAddress(_ int, p netip.Prefix) error    { return m.change(true, p.String()) }
func (m *machine) RemoveAddress(_ int, p netip.Prefix) error { return m.change(false, p.String()) }
func (m *machine) SetDefault(r rtnl.Route) error             { return m.change(true, route(r)) }
func (m *machine) RemoveDefault(r rtnl.Route) error          { return m.change(false, route(r)) }

func route(r rtnl.Route) string { return fmt.Sprintf("via %v metric %d", r.Via, r.Metric) }

var errSilent = errors.New("nobody answers")

func (m *machine) Ask(_ context.Context, link string, had netip.Addr) (Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, fmt.Sprintf("%s ask %v", link, had))
	if !m.offer.Address.IsValid() {
		return Lease{}, errSilent
	}
	return m.offer, nil
}

func (m *machine) Renew(_ context.Context, link string, l Lease) (Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, fmt.Sprintf("%s renew %v", link, l.Address.Addr()))
	return m.offer, m.renew
}

// heard are the questions since the last call.
func (m *machine) heard() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := strings.Join(m.asked, ", ")
	m.asked = nil
	return s
}

func (m *machine) state() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.has, ", ")
}

func lease1(address string) Lease {
	p := netip.MustParsePrefix(address)
	return Lease{
		Address: p, Gateway: p.Masked().Addr().Next(), DNS: []netip.Addr{p.Masked().Addr().Next()}, Server: p.Masked().Addr().Next(),
		Renew: time.Hour, Rebind: 105 * time.Minute, Valid: 2 * time.Hour,
	}
}

// run looks after m's network until the test ends; cable pulls it out or puts it in.
func (m *machine) run(t *testing.T, s Static) (n *Network, cable func(on bool)) {
	n = New(Options{Static: s, Kernel: m, Ask: m, Log: slog.New(slog.DiscardHandler), Resolve: func(servers []netip.Addr) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.dns = servers
	}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); n.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	synctest.Wait()
	return n, func(on bool) {
		m.mu.Lock()
		m.links[1].Carrier = on
		m.mu.Unlock()
		n.Look()
		synctest.Wait()
	}
}

func loopbackAndCard() []rtnl.Link {
	return []rtnl.Link{{Index: 1, Name: "lo", Carrier: true}, {Index: 2, Name: "eth0", Ethernet: true, Carrier: true}}
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

const home = "192.168.1.20/24, via 192.168.1.1 metric 102"

// A lease is asked for, kept with its server while that answers, and asked for anew when it does not; it goes when it is over.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{links: loopbackAndCard(), offer: lease1("192.168.1.20/24")}
		n, _ := m.run(t, Static{})
		expect(t, "asked", m.heard(), "eth0 ask invalid IP")
		expect(t, "has", m.state(), home)
		expect(t, "name servers", fmt.Sprint(m.dns), "[192.168.1.1]")
		n.Look()
		synctest.Wait()
		expect(t, "state", fmt.Sprint(n.State()), "[{eth0 true [192.168.1.20/24]}]")
		time.Sleep(66 * time.Minute)
		expect(t, "after T1", m.heard(), "eth0 renew 192.168.1.20")

		m.mu.Lock()
		m.renew, m.offer = errSilent, Lease{} // the router is off
		m.mu.Unlock()
		time.Sleep(110 * time.Minute)
		if heard := m.heard(); !strings.HasPrefix(heard, "eth0 renew 192.168.1.20, ") || !strings.Contains(heard, "eth0 ask 192.168.1.20") {
			t.Errorf("asked %q", heard)
		}
		expect(t, "until the lease is over", m.state(), home)
		time.Sleep(30 * time.Minute)
		expect(t, "when it is over", m.state(), "")
		expect(t, "name servers", fmt.Sprint(m.dns), "[]")

		m.mu.Lock()
		m.renew, m.offer = nil, lease1("192.168.1.21/24") // on again, with another list
		m.mu.Unlock()
		time.Sleep(2 * time.Minute)
		expect(t, "has", m.state(), strings.Replace(home, "20/24", "21/24", 1))
	})
}

// A server that wants its address back gets it.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{links: loopbackAndCard(), offer: lease1("192.168.1.20/24"), renew: ErrRefused}
		m.run(t, Static{})
		m.mu.Lock()
		m.offer = lease1("192.168.1.30/24")
		m.mu.Unlock()
		time.Sleep(66 * time.Minute)
		expect(t, "has", m.state(), "192.168.1.30/24, via 192.168.1.1 metric 102")
	})
}

// A cable that is out for a while takes nothing away; when it is in again, it may be in another network.
func TestCable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{links: loopbackAndCard(), offer: lease1("192.168.1.20/24")}
		_, cable := m.run(t, Static{})
		m.heard()
		cable(false)
		time.Sleep(time.Minute)
		expect(t, "without a cable", m.state(), home)
		expect(t, "asked", m.heard(), "")
		cable(true)
		expect(t, "asked", m.heard(), "eth0 ask 192.168.1.20")
		expect(t, "the same network", m.state(), home)
		cable(false)
		m.mu.Lock()
		m.offer = lease1("10.0.0.7/8")
		m.mu.Unlock()
		cable(true)
		expect(t, "another network", m.state(), "10.0.0.7/8, via 10.0.0.1 metric 102")
		cable(false)
		time.Sleep(3 * time.Hour)
		expect(t, "after the lease", m.state(), "")
		cable(true)
		expect(t, "in again", m.state(), "10.0.0.7/8, via 10.0.0.1 metric 102")
	})
}

// A board that starts before its router asks until it answers, and not in a hurry.
func TestLateRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{links: loopbackAndCard()}
		_, cable := m.run(t, Static{})
		time.Sleep(10 * time.Minute)
		if n := strings.Count(m.heard(), "ask"); n < 10 || n > 20 {
			t.Errorf("asked %d times in ten minutes", n)
		}
		cable(false)
		m.heard()
		time.Sleep(10 * time.Minute)
		expect(t, "asked without a cable", m.heard(), "")
		m.mu.Lock()
		m.offer = lease1("192.168.1.20/24")
		m.mu.Unlock()
		cable(true)
		expect(t, "has", m.state(), home)
	})
}

func TestStatic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{links: loopbackAndCard(), offer: lease1("192.168.1.20/24")}
		m.run(t, Static{
			Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("fd00::5/64")},
			Gateways:  []netip.Addr{netip.MustParseAddr("fd00::1"), netip.MustParseAddr("192.168.1.1")},
			DNS:       []netip.Addr{netip.MustParseAddr("9.9.9.9")},
		})
		time.Sleep(time.Hour)
		expect(t, "asked", m.heard(), "")
		expect(t, "has", m.state(), "192.168.1.5/24, via 192.168.1.1 metric 102, fd00::5/64, via fd00::1 metric 102")
		expect(t, "name servers", fmt.Sprint(m.dns), "[9.9.9.9]")
	})
}

// A USB card that comes and goes.
func TestLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{links: loopbackAndCard()[:1], offer: lease1("192.168.1.20/24")}
		n, _ := m.run(t, Static{})
		expect(t, "state", fmt.Sprint(n.State()), "[]")
		for range 2 {
			m.mu.Lock()
			m.links = loopbackAndCard()
			m.mu.Unlock()
			n.Look()
			synctest.Wait()
			expect(t, "asked", m.heard(), "eth0 ask invalid IP")
			m.mu.Lock()
			m.links, m.has = m.links[:1], nil
			m.mu.Unlock()
			n.Look()
			synctest.Wait()
		}
	})
}

// Routers of IPv6 tell name servers for some time.
func TestTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{links: loopbackAndCard(), offer: lease1("192.168.1.20/24")}
		n, _ := m.run(t, Static{})
		six := rtnl.Resolvers{Index: 2, Addrs: []netip.Addr{netip.MustParseAddr("fd00::53")}, Valid: time.Hour}
		n.Told(six)
		expect(t, "both", fmt.Sprint(m.dns), "[192.168.1.1 fd00::53]")
		six.Valid = 0
		n.Told(six)
		expect(t, "taken back", fmt.Sprint(m.dns), "[192.168.1.1]")
	})
}
