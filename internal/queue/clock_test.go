package queue

import (
	"sync/atomic"
	"testing"
	"time"
)

// A board without a clock of its own may put mail off while it believes to be weeks ahead.
func TestClockSetBack(t *testing.T) {
	inBubble(t, func(b *bed) {
		var up atomic.Bool
		var ahead atomic.Int64
		ahead.Store(int64(20 * 24 * time.Hour))
		b.q.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		b.set("send.give-up-after", "30d")
		b.set("send.warn-after", "29d")
		b.refuse = func(domain string) error {
			if !up.Load() {
				return noAnswer
			}
			return nil
		}
		b.queue("u1@a.test")
		b.start()
		b.wait(0)
		b.wantOpens("a.test", 1)
		ahead.Store(0) // the time is learned
		up.Store(true)
		b.wait(maxSleep)
		b.wantArrived("a.test", 1)
		b.wantQueued(0)
	})
}
