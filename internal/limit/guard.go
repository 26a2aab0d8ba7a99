package limit

import (
	"crypto/sha256"
	"math"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Guard slows down the guessing of passwords. Failures are counted per account, per address, and per pair of both, and
// each beyond Free doubles the delay before the next attempt.
//
// A stranger must not be able to lock an owner out. So a pair that logged in within Trust is counted by itself: neither
// what others try on that account, nor what others try from that address, delays it. And everybody else waits at most Max.
//
// Nor must one person's mistakes hurt those who share an address: a household, or all customers of a mail app's cloud,
// whose servers fetch for thousands. So what counts for an address is how many different accounts failed from there: however
// often one of them fails, that is its own delay, wherever it comes from, and the address's count is one.
//
// All fields are needed and must not change once the Guard is in use; an entry comes to about 300 octets, in each of two tables.
type Guard struct {
	Free     int              // failures that cost nothing: people mistype
	Base     time.Duration    // delay after the first failure beyond Free
	Max      time.Duration    // no delay is longer; a mail app must not give up waiting
	HalfLife time.Duration    // time in which a count of failures halves
	Trust    time.Duration    // how long a pair is known after its last success
	Entries  int              // cap on failures remembered, and on pairs known; the oldest go
	Now      func() time.Time // the clock

	mu       sync.Mutex
	failures Table[who, tally]
	known    Table[who, time.Time] // pair and its last success
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
	name  string    // of the account as it was typed, cut; for people to look at
}

// Delay tells how long to wait before a password is looked at, never more than Max. It books the attempt: of many at
// once, each waits longer than the one before. account may be empty where it is not known yet.
func (g *Guard) Delay(addr netip.Addr, account string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.Now()
	var delay time.Duration
	for _, w := range g.bearing(now, addr, account) {
		if t := g.failures.Get(w); t != nil {
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
	for _, w := range g.counting(now, addr, account) {
		t := g.failures.Make(w, g.Entries)
		t.count = g.faded(t, now) + 1
		t.at = now
		t.next = later(t.next, now.Add(g.step(t.count)))
		if w.account != ([16]byte{}) && t.name == "" {
			t.name = cut(account)
		}
	}
}

// Succeeded makes the pair known and forgets the failures of the pair alone. Those of address and account only fade:
// somebody with an account here must not clear them by logging in between guesses at another.
func (g *Guard) Succeeded(addr netip.Addr, account string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := pair(addr, account)
	*g.known.Make(w, g.Entries) = g.Now()
	g.failures.Remove(w)
}

// bearing gives whose failures bear on an attempt. Those of the pair are among those of the account, but for a known pair,
// which has them alone.
func (g *Guard) bearing(now time.Time, addr netip.Addr, account string) []who {
	w := pair(addr, account)
	switch {
	case account == "":
		return []who{{addr: w.addr}}
	case g.isKnown(now, w):
		return []who{w}
	}
	return []who{{addr: w.addr}, {account: w.account}}
}

// counting gives for whom a failure counts. The pair remembers that its account was counted for the address.
func (g *Guard) counting(now time.Time, addr netip.Addr, account string) []who {
	w := pair(addr, account)
	switch {
	case account == "":
		return []who{{addr: w.addr}}
	case g.isKnown(now, w):
		return []who{w}
	}
	if t := g.failures.Get(w); t != nil && g.faded(t, now) >= onceMore {
		return []who{w, {account: w.account}}
	}
	return []who{w, {addr: w.addr}, {account: w.account}}
}

// onceMore is what must be left of a pair's failures for its next not to count for the address: one fades to it in two
// half-lives, and to the address that was worth no more.
const onceMore = 0.25

func (g *Guard) isKnown(now time.Time, w who) bool {
	last := g.known.Get(w)
	return last != nil && now.Sub(*last) < g.Trust
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
	return who{addr: Key(addr), account: hash(account)}
}

// hash is equal for names that differ in case alone.
func hash(account string) (h [16]byte) {
	sum := sha256.Sum256([]byte(strings.ToLower(account)))
	copy(h[:], sum[:])
	return h
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
