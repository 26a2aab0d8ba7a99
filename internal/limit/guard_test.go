package limit

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	home     = netip.MustParseAddr("192.0.2.1")
	stranger = netip.MustParseAddr("198.51.100.7")
)

// clock is a clock that stands until it is moved.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newGuard() (*Guard, *clock) {
	c := &clock{t: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	return &Guard{
		Free: 2, Base: time.Second, Max: 10 * time.Second, HalfLife: 10 * time.Minute,
		Trust: 24 * time.Hour, Entries: 100, Now: c.now,
	}, c
}

func failTimes(g *Guard, n int, addr netip.Addr, account string) {
	for range n {
		g.Failed(addr, account)
	}
}

// failAround fails once at each of n accounts.
func failAround(g *Guard, n int, addr netip.Addr) {
	for i := range n {
		g.Failed(addr, fmt.Sprint("somebody", i))
	}
}

func TestGuardGrows(t *testing.T) {
	for n, want := range []time.Duration{0, 0, 0, 1, 2, 4, 8, 10, 10} {
		g, _ := newGuard()
		failTimes(g, n, stranger, "ana")
		if got := g.Delay(stranger, "ana"); got != want*time.Second {
			t.Errorf("after %d failures: %v, want %v s", n, got, int(want))
		}
	}
}

func TestGuardCounts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		before  func(*Guard, *clock)
		addr    netip.Addr
		account string
		want    bool // delayed
	}{
		// Address and account count each for itself.
		{name: "address", addr: stranger, account: "luis", want: true,
			before: func(g *Guard, _ *clock) { failAround(g, 5, stranger) }},
		{name: "address before the name is known", addr: stranger, want: true,
			before: func(g *Guard, _ *clock) { failAround(g, 5, stranger) }},
		{name: "account", addr: home, account: "ANA", want: true,
			before: func(g *Guard, _ *clock) { failTimes(g, 5, stranger, "ana") }},
		{name: "neither", addr: home, account: "luis",
			before: func(g *Guard, _ *clock) { failTimes(g, 5, stranger, "ana") }},
		{name: "IPv6 network", addr: netip.MustParseAddr("2001:db8::2"), account: "luis", want: true,
			before: func(g *Guard, _ *clock) { failAround(g, 5, netip.MustParseAddr("2001:db8::1")) }},

		// One account's mistakes are nobody else's at an address that many share, such as a mail app's cloud.
		{name: "one person's old password", addr: stranger, account: "luis",
			before: func(g *Guard, _ *clock) { failTimes(g, 100, stranger, "ana") }},
		{name: "of which the app knows no name", addr: stranger,
			before: func(g *Guard, _ *clock) { failTimes(g, 100, stranger, "ana") }},
		{name: "tried every minute for days", addr: stranger, account: "luis",
			before: func(g *Guard, c *clock) {
				for range 5000 {
					g.Failed(stranger, "ana")
					c.t = c.t.Add(time.Minute)
				}
			}},
		{name: "tried as slowly as it counts most", addr: stranger, account: "luis",
			before: func(g *Guard, c *clock) {
				for range 500 {
					g.Failed(stranger, "ana")
					c.t = c.t.Add(21 * time.Minute)
				}
			}},
		{name: "is that person's delay", addr: stranger, account: "ana", want: true,
			before: func(g *Guard, _ *clock) { failTimes(g, 100, stranger, "ana") }},

		// An owner is not locked out by strangers, neither on the account nor at the address.
		{name: "attack on the account", addr: home, account: "ana",
			before: func(g *Guard, _ *clock) { g.Succeeded(home, "ana"); failTimes(g, 50, stranger, "ana") }},
		{name: "attack from the address", addr: home, account: "ana",
			before: func(g *Guard, _ *clock) { g.Succeeded(home, "ana"); failTimes(g, 50, home, "luis") }},
		{name: "known too long ago", addr: home, account: "ana", want: true,
			before: func(g *Guard, c *clock) {
				g.Succeeded(home, "ana")
				c.t = c.t.Add(25 * time.Hour)
				failTimes(g, 50, stranger, "ana")
			}},

		// A known pair is still guarded, by itself.
		{name: "guessing from a known address", addr: home, account: "ana", want: true,
			before: func(g *Guard, _ *clock) { g.Succeeded(home, "ana"); failTimes(g, 5, home, "ana") }},
		{name: "which is nobody else's delay", addr: home, account: "luis",
			before: func(g *Guard, _ *clock) { g.Succeeded(home, "ana"); failTimes(g, 5, home, "ana") }},
		{name: "until the next success", addr: home, account: "ana",
			before: func(g *Guard, _ *clock) {
				g.Succeeded(home, "ana")
				failTimes(g, 5, home, "ana")
				g.Succeeded(home, "ana")
			}},

		// A success at one account does not clear guesses at another.
		{name: "logging in between guesses", addr: stranger, account: "ana", want: true,
			before: func(g *Guard, _ *clock) { failTimes(g, 5, stranger, "ana"); g.Succeeded(stranger, "luis") }},

		// Failures fade.
		{name: "later", addr: stranger, account: "ana",
			before: func(g *Guard, c *clock) { failTimes(g, 5, stranger, "ana"); c.t = c.t.Add(20 * time.Minute) }},
	} {
		g, c := newGuard()
		tt.before(g, c)
		if got := g.Delay(tt.addr, tt.account); (got > 0) != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// Attempts at the same time stand in a row, which is never longer than Max.
func TestGuardRow(t *testing.T) {
	g, c := newGuard()
	failTimes(g, 4, stranger, "ana") // 2 s apart
	for i, want := range []time.Duration{2, 4, 6, 8, 10, 10, 10} {
		if got := g.Delay(stranger, "ana"); got != want*time.Second {
			t.Errorf("attempt %d: %v, want %d s", i, got, int(want))
		}
	}
	c.t = c.t.Add(time.Hour)
	if got := g.Delay(stranger, "ana"); got != 0 {
		t.Errorf("an hour later: %v", got)
	}
}

// A board's clock may be set back by years; the delay stays within Max.
func TestGuardClockSetBack(t *testing.T) {
	g, c := newGuard()
	failTimes(g, 5, stranger, "ana")
	c.t = c.t.AddDate(-50, 0, 0)
	if got := g.Delay(stranger, "ana"); got > g.Max {
		t.Errorf("%v", got)
	}
}

// Made-up names and addresses cannot grow the tables; known pairs stay known.
func TestGuardBounded(t *testing.T) {
	g, _ := newGuard()
	g.Succeeded(home, "ana")
	for i := range 1000 {
		addr := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		g.Failed(addr, strings.Repeat("x", i))
	}
	failAround(g, 5, stranger)
	if n := len(g.failures.entries); n != 100 || g.failures.recent.Len() != n {
		t.Errorf("%d entries, %d in the row", n, g.failures.recent.Len())
	}
	if got := g.Delay(home, "ana"); got != 0 {
		t.Errorf("known pair is delayed by %v", got)
	}
	if got := g.Delay(stranger, "luis"); got == 0 {
		t.Error("the latest failures are forgotten")
	}
}

func TestGuardRace(t *testing.T) {
	g, _ := newGuard()
	var wg sync.WaitGroup
	for i := range 4 {
		account := fmt.Sprint(i % 2)
		wg.Go(func() {
			for range 200 {
				if d := g.Delay(home, account); d > g.Max {
					t.Errorf("delay %v", d)
				}
				g.Failed(home, account)
				g.Succeeded(stranger, account)
			}
		})
	}
	wg.Wait()
}

func BenchmarkGuard(b *testing.B) {
	g, _ := newGuard()
	g.Entries = 10_000
	var n uint32
	for b.Loop() {
		n++
		addr := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		g.Delay(addr, "ana")
		g.Failed(addr, "ana")
	}
}
