package store

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/semaphore"
)

// maxInFlight is what messages between their parsing and their commit may hold
// at once in all: peers that have not logged in deliver too, and a thousand of
// them must not cost more than a few. Those beyond it wait for a commit, which
// takes a few milliseconds.
const maxInFlight = 4 << 20 // octets

// inFlight shares maxInFlight among the callers. The zero value is ready.
type inFlight struct {
	once sync.Once
	room *semaphore.Weighted
}

// enter waits for room for messages of size octets in all; leave gives it back.
func (f *inFlight) enter(ctx context.Context, size int64) (leave func(), err error) {
	f.once.Do(func() { f.room = semaphore.NewWeighted(maxInFlight) })
	const parsed = 16 << 10 // octets: header fields and part tree of an ordinary message
	weight := parsed + 2*min(size, maxInline)
	if err := f.room.Acquire(ctx, weight); err != nil {
		return nil, fmt.Errorf("wait for room: %w", context.Cause(ctx))
	}
	return func() { f.room.Release(weight) }, nil
}
