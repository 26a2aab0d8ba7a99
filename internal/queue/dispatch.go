package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"buzon/internal/store"
)

const (
	// maxConnections is how many connections are open at once in all. One costs some 100 KB with its TLS and buffers.
	maxConnections = 20

	// maxSleep is the longest that nobody looks at the clock: boards without one of their own start in the past, and
	// learn the time later.
	maxSleep = 10 * time.Minute

	// storeRetry is when to look again after the file could not be read or written.
	storeRetry = time.Minute
)

// dispatcher is one Run: what is on its way.
type dispatcher struct {
	*Queue
	ctx     context.Context // over when nothing new may begin
	giveUp  func(error)     // ends ctx: the store is gone
	sending context.Context // over when what is being sent must end too
	workers sync.WaitGroup

	state   sync.Mutex // guards the rest
	open    int        // connections, counting those that are being made
	lanes   map[string]*lane
	claimed map[store.JobID]bool // in some lane's hands: whatever the file says, nobody else may send them
	routes  routes
	down    map[string]*outage // by key of a route that several domains share
	resting map[string]bool    // keys of lanes that made room for others
	seen    time.Time          // the clock when it was last looked at, without its monotonic part
}

// Run sends until ctx is over; what is being sent then may end within Grace. It returns when nothing of it is left. An
// error means that the store was closed before, or could not be written at the end.
func (q *Queue) Run(ctx context.Context) error {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	d := &dispatcher{
		Queue: q, ctx: ctx, giveUp: giveUp, sending: sending,
		lanes: map[string]*lane{}, claimed: map[store.JobID]bool{}, down: map[string]*outage{}, resting: map[string]bool{},
	}
	watch := q.Store.WatchQueue()
	defer watch.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-watch.C:
		case <-q.bell():
		case <-timer.C:
		}
		timer.Reset(d.fill())
	}
	err := d.stop(cut)
	if cause := context.Cause(ctx); errors.Is(cause, store.ErrClosed) {
		return fmt.Errorf("queue: %w", cause)
	}
	return err
}

// fill begins what is due, as far as connections are left, and returns when to look again at the latest.
func (d *dispatcher) fill() time.Duration {
	d.state.Lock()
	defer d.state.Unlock()
	if d.takeNudge() {
		d.forgetOutages()
	}
	d.pullBack()
	d.startWorkers()
	for d.ctx.Err() == nil && d.open < maxConnections {
		found, wait, err := d.claim(d.hasRoom, min(firstBatch, d.batch()))
		if err != nil {
			d.complain("claim jobs", err)
			return storeRetry
		}
		if !found && len(d.resting) == 0 {
			return wait
		}
		if !found { // nobody else waits
			clear(d.resting)
		}
		d.startWorkers()
	}
	return maxSleep // the end of a connection wakes us
}

// pullBack makes due what a clock that was ahead put off too far: at the start, and when the clock goes back.
func (d *dispatcher) pullBack() {
	now := d.now().Round(0)
	backwards := now.Before(d.seen) || d.seen.IsZero()
	d.seen = now
	if !backwards {
		return
	}
	n, err := d.Store.PullBack(d.ctx, now.Add(lastRetry+lastRetry/5)) // with the jitter, and some more
	if err != nil {
		d.complain("look for mail put off too far", err)
	} else if n > 0 {
		d.Log.Warn("the clock was ahead: mail that it put off is due now", "jobs", n)
	}
}

// stop waits for the connections, and gives back what was claimed and not begun: the next start need not wait for it.
func (d *dispatcher) stop(cut context.CancelFunc) error {
	end := time.AfterFunc(d.Grace, cut)
	defer end.Stop()
	d.workers.Wait()
	var back []store.Outcome
	for id := range d.claimed {
		back = append(back, store.Outcome{Job: id, Fate: store.Deferred, Next: d.now()})
	}
	if len(back) == 0 {
		return nil
	}
	if err := d.Store.Settle(context.WithoutCancel(d.ctx), back, nil); err != nil {
		return fmt.Errorf("queue: give back what was not sent: %w", err)
	}
	return nil
}

// complain logs that the file could not be used, unless that is because we stop. Without a store all stops.
func (d *dispatcher) complain(doing string, err error) {
	if d.ctx.Err() == nil {
		d.Log.Error("queue: "+doing+" failed", "err", err)
	}
	if errors.Is(err, store.ErrClosed) {
		d.giveUp(err)
	}
}
