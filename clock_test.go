package main

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"buzon/internal/store"
)

// clock is one that a test puts forward; otherwise it goes as clocks do.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// rules makes it the appliance's.
func (c *clock) rules(o *options) { o.now = c.now }

// pass lets time pass, and has the queue look at the clock.
func (c *clock) pass(a *testAppliance, d time.Duration) {
	c.ahead.Add(int64(d))
	a.sending.Queue.Nudge()
}

// passUntil lets time pass and waits for what comes of it. What was just being written down when the time passed may have
// missed it, so a little more passes once in a while.
func (c *clock) passUntil(t testing.TB, a *testAppliance, d time.Duration, what string, holds func() bool) {
	t.Helper()
	c.pass(a, d)
	again := time.Now().Add(2 * time.Second)
	until(t, what, func() bool {
		if time.Now().After(again) {
			c.pass(a, 10*time.Minute)
			again = time.Now().Add(2 * time.Second)
		}
		return holds()
	})
}

// waiting is what is in the queue, by recipient.
func waiting(t testing.TB, a *testAppliance) map[string]store.Job {
	t.Helper()
	jobs := map[string]store.Job{}
	err := a.store.Queue(context.Background(), func(q store.Queued) error {
		for _, j := range q.Jobs {
			jobs[j.To.String()] = j
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// emptied waits until nothing is in the queue.
func emptied(t testing.TB, a *testAppliance) {
	t.Helper()
	until(t, "the queue is empty", func() bool { return len(waiting(t, a)) == 0 })
}

// fates are the lines of the history about a recipient, the newest first.
func fates(t testing.TB, a *testAppliance, to string) (list []store.Handled) {
	t.Helper()
	for _, h := range must[[]store.Handled](t)(a.store.History(t.Context(), store.HistoryQuery{Max: 1000})) {
		if h.To.String() == to {
			list = append(list, h)
		}
	}
	return list
}
