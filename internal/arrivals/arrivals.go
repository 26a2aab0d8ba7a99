// Package arrivals is what mail came in lately: when, for whom, from which domain, what the judge thought, how large.
//
// It is in memory, of a fixed number of messages, and ends with the process: what the owner asks is "did it arrive just
// now?". Nothing of a message's content is in it, and of its sender no more than the domain.
package arrivals

import (
	"sync"
	"time"

	"buzon/internal/finding"
)

// kept is how many are remembered, of some 200 octets each.
const kept = 200

// Arrival is one message that was accepted for somebody here.
type Arrival struct {
	At     time.Time
	ID     string // under which the log knows it
	To     string // the first recipient
	Others int    // more recipients
	From   string // domain of the envelope's sender; "" of a bounce (<>)
	Own    bool   // submitted by somebody here
	Size   int64  // octets

	// What the judge thought of it; of one's own nothing.
	Junk   bool           // it went to a junk folder
	Cause  string         // why it went where it went, in one word (package judge)
	Author finding.Phrase // whether it is from whom it says
}

// Log is the last of them. The zero value is empty and ready.
type Log struct {
	mu   sync.Mutex
	ring []Arrival
	next int // where the next one goes, once the ring is full
}

// Add notes one.
func (l *Log) Add(a Arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < kept {
		l.ring = append(l.ring, a)
		return
	}
	l.ring[l.next] = a
	l.next = (l.next + 1) % kept
}

// Last gives at most n, the latest first.
func (l *Log) Last(n int) []Arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Arrival
	for i := range min(n, len(l.ring)) {
		list = append(list, l.ring[(l.next-1-i+2*len(l.ring))%len(l.ring)])
	}
	return list
}
