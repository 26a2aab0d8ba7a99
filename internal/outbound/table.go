package outbound

import (
	"sync"
	"time"
)

// times remembers a moment for each of a bounded number of domains. The zero value is empty and ready.
type times struct {
	mu sync.Mutex
	m  map[string]time.Time
}

// Enough for a household's correspondents; a stranger who fills it only makes us forget the oldest.
const maxTimes = 1000

// since is the moment kept for the domain if it is after seen; else it becomes now.
func (t *times) since(domain string, seen, now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.m[domain]; ok && at.After(seen) {
		return at
	}
	t.set(domain, now)
	return now
}

// within tells whether the domain was noted less than d ago.
func (t *times) within(domain string, now time.Time, d time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, ok := t.m[domain]
	return ok && now.Sub(at) < d
}

func (t *times) note(domain string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set(domain, now)
}

func (t *times) set(domain string, now time.Time) {
	if t.m == nil {
		t.m = map[string]time.Time{}
	}
	if _, ok := t.m[domain]; !ok && len(t.m) >= maxTimes {
		t.dropOldest()
	}
	t.m[domain] = now
}

func (t *times) dropOldest() {
	found, oldest := false, ""
	for domain, at := range t.m {
		if !found || at.Before(t.m[oldest]) {
			found, oldest = true, domain
		}
	}
	delete(t.m, oldest)
}
