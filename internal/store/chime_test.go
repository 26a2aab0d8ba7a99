package store

import (
	"sync/atomic"
	"testing"
	"time"
)

// Everybody who listens to a place is called, until they do not want it any more; one watch serves all of them.
func TestCall(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	var one, two, all atomic.Int64
	count := func(n *atomic.Int64) func() { return func() { n.Add(1) } }
	stopOne, stopTwo, stopAll := s.Call(box, count(&one)), s.Call(box, count(&two)), s.CallAccount(acc, count(&all))
	watches := func() (n int) {
		s.bells.mu.Lock()
		defer s.bells.mu.Unlock()
		for _, b := range s.bells.box {
			n += len(b.watches)
		}
		return n
	}
	if watches() != 1 {
		t.Errorf("%d watches for one mailbox", watches())
	}
	put(t, s, box, 1)
	called(t, &one, 1)
	called(t, &two, 1)
	called(t, &all, 1)
	stopOne()
	stopOne()
	put(t, s, box, 1)
	called(t, &two, 2)
	called(t, &all, 2)
	if one.Load() != 1 {
		t.Error("called after the end")
	}
	stopTwo()
	stopAll()
	if watches() != 0 || len(s.chimes.at) != 0 {
		t.Errorf("%d watches and %d places are left", watches(), len(s.chimes.at))
	}
	// The place can be listened to again.
	again := s.Call(box, count(&one))
	put(t, s, box, 1)
	called(t, &one, 2)
	stopTwo() // of those before: changes nothing
	put(t, s, box, 1)
	called(t, &one, 3)
	again()
}

// called waits until n is want.
func called(t *testing.T, n *atomic.Int64, want int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); n.Load() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("called %d times, want %d", n.Load(), want)
		}
	}
}
