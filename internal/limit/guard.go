package limit

import (
	"crypto/sha256"
	"math"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Guard slows down the guessing of passwords. Failures are counted per address and per account, and each beyond Free
// doubles the delay before the next attempt.
//
// A stranger must not be able to lock an owner out. So a pair of address and account that logged in within Trust is
// counted by itself: neither what others try on that account, nor what others try from that address (a household, or a
// mail app's cloud), delays it. And everybody else waits at most Max.
//
// All fields are needed and must not change once the Guard is in use; an entry comes to about 250 octets, in each of two tables.
type Guard struct {
	Free     int              // failures that cost nothing: people mistype
	Base     time.Duration    // delay after the first failure beyond Free
	Max      time.Duration    // no delay is longer; a mail app must not give up waiting
	HalfLife time.Duration    // time in which a count of failures halves
	Trust    time.Duration    // how long a pair is known after its last success
	Entries  int              // cap on failures remembered, and on pairs known; the oldest go
	Now      func() time.Time // the clock

	mu       sync.Mutex
	failures table[who, tally]
	known    table[who, time.Time] // pair and its last success
}

// who is an address, an account, or a pair of both; the part that does not count is zero.
type who struct {
	addr    netip.Addr
	account [16]byte // hash, so that names sent by strangers take no room
}

// tally is the failures of one who.
type tally struct {
	count float64   // as of at
	at    time.Time // last failure
	next  time.Time // before this no attempt
}

// Delay tells how long to wait before a password is looked at, never more than Max. It books the attempt: of many at
// once, each waits longer than the one before. account may be empty where it is not known yet.
func (g *Guard) Delay(addr netip.Addr, account string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.Now()
	var delay time.Duration
	for _, w := range g.counts(now, addr, account) {
		if t := g.failures.get(w); t != nil {
			delay = max(delay, g.book(t, now))
		}
	}
	return delay
}

// Failed counts an attempt with a wrong name or password.
func (g *Guard) Failed(addr netip.Addr, account string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.Now()
	for _, w := range g.counts(now, addr, account) {
		t := g.failures.make(w, g.Entries)
		t.count = g.faded(t, now) + 1
		t.at = now
		t.next = later(t.next, now.Add(g.step(t.count)))
	}
}

// Succeeded makes the pair known and forgets the failures of the pair alone. Those of address and account only fade:
// somebody with an account here must not clear them by logging in between guesses at another.
func (g *Guard) Succeeded(addr netip.Addr, account string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := pair(addr, account)
	*g.known.make(w, g.Entries) = g.Now()
	g.failures.remove(w)
}

// counts gives whose failures bear on an attempt.
func (g *Guard) counts(now time.Time, addr netip.Addr, account string) []who {
	w := pair(addr, account)
	if account == "" {
		return []who{{addr: w.addr}}
	}
	if last := g.known.get(w); last != nil && now.Sub(*last) < g.Trust {
		return []who{w}
	}
	return []who{{addr: w.addr}, {account: w.account}}
}

// book takes the next place in the row for one attempt and tells how far off it is.
func (g *Guard) book(t *tally, now time.Time) time.Duration {
	last := now.Add(g.Max)
	place := later(t.next, now)
	if place.After(last) {
		place = last
	}
	t.next = place.Add(g.step(g.faded(t, now)))
	if t.next.After(last) {
		t.next = last
	}
	return place.Sub(now)
}

// step is the delay that a count of failures earns.
func (g *Guard) step(count float64) time.Duration {
	beyond := count - float64(g.Free)
	if beyond <= 0 {
		return 0
	}
	return time.Duration(min(float64(g.Max), float64(g.Base)*math.Exp2(beyond-1)))
}

// faded is what is left of a count of failures. A clock that was set back leaves it as it is.
func (g *Guard) faded(t *tally, now time.Time) float64 {
	age := max(now.Sub(t.at), 0)
	return t.count * math.Exp2(-float64(age)/float64(g.HalfLife))
}

func pair(addr netip.Addr, account string) who {
	w := who{addr: key(addr)}
	sum := sha256.Sum256([]byte(strings.ToLower(account)))
	copy(w.account[:], sum[:])
	return w
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
