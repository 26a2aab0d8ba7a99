package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Every message is found in the segment that has its body, whatever the runs.
func TestIndexLocate(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 8))
		l := newLookup(nil)
		where := make(map[BodyID][2]int) // segment and document
		for body := BodyID(1); len(l.segments) < 1+r.IntN(5); {
			var ids []BodyID
			for range r.IntN(segmentBodies + 1) {
				body += 1 + BodyID(max(r.IntN(20)-18, 0)) // some are left out
				where[body] = [2]int{len(l.segments), len(ids)}
				ids = append(ids, body)
			}
			body += BodyID(r.IntN(3))
			l.segments = append(l.segments, segment{last: body, ids: appendIDs(nil, ids)})
			body++
		}
		want := make(map[uint32]BodyID)
		for uid := uint32(1); len(want) < 1000; {
			run := placeRun{uid, BodyID(1 + r.IntN(700)), 1 + uint32(r.IntN(300))}
			for i := range run.n {
				if _, ok := where[run.body+BodyID(i)]; ok {
					want[run.uid+i] = run.body + BodyID(i)
				}
			}
			if !l.locate(run) {
				t.Fatal("the slab is full")
			}
			if uid += run.n + uint32(r.IntN(3)); len(where) == 0 {
				break
			}
		}
		for _, run := range l.runs {
			for i := range int(run.n) {
				uid := run.uid + uint32(i)
				if got := [2]int{int(run.segment), int(run.doc) + i}; where[want[uid]] != got || want[uid] == 0 {
					t.Fatalf("seed %d: message %d is said to be at %v", seed, uid, got)
				}
				delete(want, uid)
			}
		}
		if len(want) > 0 {
			t.Fatalf("seed %d: %d messages are not found", seed, len(want))
		}
	}
}

// Trigrams that are left out, because they mostly drop nothing, cost no message.
func TestIndexOfManySegments(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	acc, box := person(t, s, "ana", 0)
	const n = 60
	for i := range n {
		text := "percent"
		if i > n/2 && i%3 == 0 {
			text = "per cent rce" // most trigrams of it
		}
		deliverMails(t, s, acc, fmt.Sprintf("Subject: %s %d\r\n\r\nx\r\n", text, i))
		check(t, s.updateIndex(t.Context(), 1, false)) // a segment each
	}
	list, indexed, err := s.Candidates(t.Context(), box, uidsOf(n), needles("percent"))
	check(t, err)
	if indexed.Len() != n {
		t.Errorf("%d indexed", indexed.Len())
	}
	few := 0
	for i := range n {
		has, may := i <= n/2 || i%3 > 0, list[0].Header.Has(uint32(i+1))
		if has && !may {
			t.Errorf("message %d is left out", i+1)
		}
		if !has && !may {
			few++
		}
	}
	if few == 0 {
		t.Error("the idle trigrams have no second chance")
	}
}
