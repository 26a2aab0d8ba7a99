package limit

import (
	"net/netip"
	"sync"
	"time"
)

// Sources counts what addresses do at a service that is open to the world, and remembers those that did wrong: such a one
// is slow for a while, but never shut out, because an address may be shared, and may change its owner.
//
// All rates are of leaky buckets: a count that drains evenly. The fields must not change once it is in use; an entry
// comes to about 250 octets.
type Sources struct {
	Connections int           // in a minute from one address, see Key
	Parallel    int           // connections at once of a stranger; a slow one has but one
	Messages    int           // in an hour
	Unknown     int           // recipients that are not here, in an hour
	Errors      int           // refused commands, in an hour
	Slow        time.Duration // how long it is slow after too many of the last two
	Entries     int           // addresses remembered; who was silent longest goes
	Now         func() time.Time

	mu    sync.Mutex
	table Table[netip.Addr, source]
}

type source struct {
	open                                   int
	connections, messages, unknown, errors bucket
	slowUntil                              time.Time
}

// bucket is a count that drains.
type bucket struct {
	level float64 // as of at
	at    time.Time
}

// add counts one and tells whether that is more than most in a period. What is too many is not counted, so that trying on
// does not keep anybody out.
func (b *bucket) add(now time.Time, most int, period time.Duration) bool {
	drained := float64(max(now.Sub(b.at), 0)) / float64(period) * float64(most)
	b.level, b.at = max(b.level-drained, 0), now
	if b.level+1 > float64(most) {
		return false
	}
	b.level++
	return true
}

// Open counts a connection. Where ok, done gives its place back; calling it again does nothing. A stranger never brought mail.
func (s *Sources) Open(addr netip.Addr, stranger bool) (done func(), ok bool) {
	k := Key(addr)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	e := s.table.Make(k, s.Entries)
	switch {
	case now.Before(e.slowUntil) && e.open > 0, stranger && e.open >= s.Parallel:
		return nil, false
	case !e.connections.add(now, s.Connections, time.Minute):
		return nil, false
	}
	e.open++
	return sync.OnceFunc(func() { s.close(k) }), true
}

// close gives a place back. An entry that was pushed out meanwhile has forgotten it.
func (s *Sources) close(k netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.table.peek(k); e != nil && e.open > 0 {
		e.open--
	}
}

// IsSlow tells whether the address did wrong lately.
func (s *Sources) IsSlow(addr netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.table.peek(Key(addr))
	return e != nil && s.Now().Before(e.slowUntil)
}

// Message counts one and tells whether it may come now.
func (s *Sources) Message(addr netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.Make(Key(addr), s.Entries).messages.add(s.Now(), s.Messages, time.Hour)
}

// UnknownRecipient counts a recipient that is not here. One too many makes the address slow, and ok is false.
func (s *Sources) UnknownRecipient(addr netip.Addr) (ok bool) {
	return s.wrong(addr, func(e *source, now time.Time) bool { return e.unknown.add(now, s.Unknown, time.Hour) })
}

// Error counts a refused command. One too many makes the address slow, and ok is false.
func (s *Sources) Error(addr netip.Addr) (ok bool) {
	return s.wrong(addr, func(e *source, now time.Time) bool { return e.errors.add(now, s.Errors, time.Hour) })
}

func (s *Sources) wrong(addr netip.Addr, count func(*source, time.Time) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	e := s.table.Make(Key(addr), s.Entries)
	if count(e, now) {
		return true
	}
	e.slowUntil = now.Add(s.Slow)
	return false
}

// Len is how many addresses are remembered.
func (s *Sources) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.Len()
}
