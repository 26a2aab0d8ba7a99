package outbound

import (
	"slices"
	"sync"
	"time"
)

const (
	// A run of hard failures: so many different domains (or tries at a relay) one after the other, and none that worked.
	failureRun = 3
	// Between two looks at the line.
	lookPause = 10 * time.Minute
	// After others refused this line's mail, the relay is used for so long before direct sending is tried again: block
	// lists forget in a day at the earliest.
	refusedFor = 24 * time.Hour
)

// line is what WayAuto knows of this line. The zero value knows nothing.
type line struct {
	mu      sync.Mutex
	port    port25
	looked  time.Time // zero: never
	now     time.Time // of the last look or failure; choose has no clock of its own
	refused time.Time // until when others are taken to refuse mail from here

	silent   run // domains that could not be reached
	refusers run // domains that turned this line away, whatever it brought
	relays   int // failures of relays in a row
}

// run is different domains in a row.
type run []string

// add tells whether the run is long enough to mean something.
func (r *run) add(domain string) bool {
	if !slices.Contains(*r, domain) && len(*r) < failureRun {
		*r = append(*r, domain)
	}
	return len(*r) == failureRun
}

// set notes what a probe found. One that found nothing out changes nothing.
func (l *line) set(found port25, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looked, l.now = now, now
	if found != portUnknown {
		l.port = found
	}
	l.silent, l.relays = nil, 0
}

// stale tells whether the line should be looked at before mail is sent. Who is told so has the duty to look: others that
// ask meanwhile go by what is known.
func (l *line) stale(relay bool, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = now
	way, _ := l.decide(relay)
	if l.looked.IsZero() || now.Sub(l.looked) >= lookPause && (way == WayNone || l.port == portUnknown) {
		l.looked = now
		return true
	}
	return false
}

// way is choose without the reason.
func (l *line) way(relay bool) Way {
	way, _ := l.choose(relay)
	return way
}

// choose decides, and names the sentence that says why.
func (l *line) choose(relay bool) (Way, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.decide(relay)
}

func (l *line) decide(relay bool) (Way, string) {
	switch {
	case relay && l.now.Before(l.refused):
		return WayRelay, "way_relay_refused"
	case l.port == portOpen:
		return WayDirect, "way_direct_open"
	case relay && l.port == portShut:
		return WayRelay, "way_relay_shut"
	case relay:
		return WayRelay, "way_relay_unknown"
	case l.port == portShut:
		return WayNone, "way_none"
	}
	return WayDirect, "way_direct_unknown"
}

// opened ends a run of failures to connect.
func (l *line) opened(way Way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if way == WayRelay {
		l.relays = 0
	} else {
		l.silent = nil
	}
}

// accepted ends a run of refusals.
func (l *line) accepted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusers = nil
}

// unreachable counts one and tells whether to look at the line again.
func (l *line) unreachable(way Way, domain string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = now
	var long bool
	if way == WayRelay {
		l.relays++
		long = l.relays >= failureRun
	} else {
		long = l.silent.add(domain)
	}
	return long && now.Sub(l.looked) >= lookPause
}

// turnedAway counts one and tells whether this line is now taken to be refused everywhere.
func (l *line) turnedAway(domain string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = now
	if !l.refusers.add(domain) || now.Before(l.refused) {
		return false
	}
	l.refused, l.refusers = now.Add(refusedFor), nil
	return true
}
