package limit

import (
	"math"
	"net/netip"
	"strings"
	"time"
)

// Slowed is one whose failures cost a delay now.
type Slowed struct {
	Addr     netip.Addr // of IPv6 the network; not valid for an account wherever from
	Account  string     // as it was typed, or the start of it; "" for an address whatever the account
	Failures int        // that are left of them; for an address, of different accounts
	Last     time.Time
	Until    time.Time // when they have faded so far that they cost nothing
}

// maxName is how much of an account's name is kept.
const maxName = 64 // octets

// cut is a name short enough to be kept, in memory of its own.
func cut(name string) string {
	return strings.ToValidUTF8(strings.Clone(name[:min(len(name), maxName)]), "")
}

// Slowed lists those who have to wait, at most Entries, the latest first. A pair that is not known stands there as its account.
func (g *Guard) Slowed() []Slowed {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.Now()
	var list []Slowed
	for w, t := range g.failures.All() {
		left := g.faded(t, now)
		if g.step(left) <= 0 || w.isPair() && !g.knows(now, w) {
			continue
		}
		fades := time.Duration(math.Log2(left/float64(max(g.Free, 1))) * float64(g.HalfLife))
		list = append(list, Slowed{Addr: w.addr, Account: t.name, Failures: int(left + 0.5), Last: t.at, Until: now.Add(fades)})
	}
	return list
}

func (w who) isPair() bool { return w.addr.IsValid() && w.account != ([16]byte{}) }

// knows is isKnown without touching the entry.
func (g *Guard) knows(now time.Time, w who) bool {
	last := g.known.peek(w)
	return last != nil && now.Sub(*last) < g.Trust
}

// Release forgets the failures of an address or of an account, and of all pairs with it. It tells whether there were any.
func (g *Guard) Release(addr netip.Addr, account string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	var gone []who
	for w := range g.failures.All() {
		if addr.IsValid() && w.addr == Key(addr) || account != "" && w.account == hash(account) {
			gone = append(gone, w)
		}
	}
	for _, w := range gone {
		g.failures.Remove(w)
	}
	return len(gone) > 0
}
