package store

import (
	"fmt"
	"testing"
	"time"
)

func TestSelections(t *testing.T) {
	for _, tc := range []struct {
		name string
		sel  Selection
		want string // of "1:a,b 2:c,d" with b and d at y.test
		n    int64
	}{
		{"nobody", Selection{}, "", 0},
		{"by id", Selection{IDs: []JobID{firstJob(1) + 1, firstJob(2), 99}}, "1:b 2:c", 2},
		{"by envelope", Selection{Envelopes: []EnvelopeID{2, 7}}, "2:c,d", 2},
		{"by domain", Selection{Domain: "y.test"}, "1:b 2:d", 2},
		{"of no domain", Selection{Domain: "nowhere.test"}, "", 0},
		{"all", Selection{All: true}, "1:a,b 2:c,d", 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c := openAt(t)
			send(t, s, "a@x.test", "b@y.test")
			send(t, s, "c@x.test", "d@y.test")
			did := func(f func() (int64, error), want int64) {
				t.Helper()
				n, err := f()
				check(t, err)
				if n != want {
					t.Errorf("%d jobs, want %d", n, want)
				}
				sound(t, s)
			}
			// All wait for their next attempt, and their domains for their round.
			for _, domain := range []string{"x.test", "y.test"} {
				claim(t, s, c.now(), 9)
				check(t, s.DeferDomain(t.Context(), domain, c.now().Add(5*time.Hour), down, ""))
			}
			did(func() (int64, error) { return s.RetryJobs(t.Context(), tc.sel) }, tc.n)
			dueNow := func(j Job) bool { return !j.Held && !j.Next.After(c.now()) }
			if got := locals(having(queueOf(t, s), dueNow)); got != tc.want {
				t.Errorf("%q are due after retry, want %q", got, tc.want)
			}
			did(func() (int64, error) { return s.HoldJobs(t.Context(), tc.sel) }, tc.n)
			did(func() (int64, error) { return s.HoldJobs(t.Context(), tc.sel) }, 0)
			did(func() (int64, error) { return s.RetryJobs(t.Context(), tc.sel) }, 0)
			if got := locals(having(queueOf(t, s), func(j Job) bool { return j.Held })); got != tc.want {
				t.Errorf("%q are held, want %q", got, tc.want)
			}
			if jobs, held, err := s.QueueSize(t.Context()); jobs != 4 || held != tc.n || err != nil {
				t.Errorf("%d jobs, %d held, %v", jobs, held, err)
			}
			// What is held stays so whatever its attempt that was under way gave.
			settleOne(t, s, Outcome{Job: firstJob(2), Fate: Deferred, Reply: greylisted, Next: c.now().Add(6 * time.Hour)})
			did(func() (int64, error) { return s.ReleaseJobs(t.Context(), tc.sel) }, tc.n)
			did(func() (int64, error) { return s.ReleaseJobs(t.Context(), tc.sel) }, 0)
			before := len(handledOf(t, s))
			did(func() (int64, error) { return s.DropJobs(t.Context(), tc.sel) }, tc.n)
			if jobs, _, _ := s.QueueSize(t.Context()); jobs != 4-tc.n || len(handledOf(t, s)) != before+int(tc.n) {
				t.Errorf("%d jobs are left, history %s", jobs, lines(t, s))
			}
			did(func() (int64, error) { return s.DropJobs(t.Context(), Selection{All: true}) }, 4-tc.n)
		})
	}
}

// having leaves the jobs that ok holds for.
func having(list []Queued, ok func(Job) bool) (out []Queued) {
	for _, q := range list {
		kept := Queued{Envelope: q.Envelope}
		for _, j := range q.Jobs {
			if ok(j) {
				kept.Jobs = append(kept.Jobs, j)
			}
		}
		if len(kept.Jobs) > 0 {
			out = append(out, kept)
		}
	}
	return out
}

// A thousand and more go in slices, and are listed in pages, envelopes whole.
func TestManyJobs(t *testing.T) {
	s, c := openAt(t)
	for e := range 8 {
		var to []string
		for i := range 171 {
			to = append(to, fmt.Sprintf("r%d@d%d.test", i, (e+i)%3))
		}
		send(t, s, to...)
	}
	const all = 8 * 171
	whole := func() {
		t.Helper()
		list := queueOf(t, s)
		if len(list) != 8 {
			t.Fatalf("%d envelopes", len(list))
		}
		for i, q := range list {
			if q.ID != EnvelopeID(i+1) || len(q.Jobs) != 171 || q.Jobs[170].ID != firstJob(q.ID)+170 {
				t.Errorf("envelope %d has %d jobs", q.ID, len(q.Jobs))
			}
		}
	}
	whole()
	for range 3 {
		claim(t, s, c.now(), 1000)
	}
	for name, f := range map[string]func() (int64, error){
		"retry":   func() (int64, error) { return s.RetryJobs(t.Context(), Selection{All: true}) },
		"hold":    func() (int64, error) { return s.HoldJobs(t.Context(), Selection{All: true}) },
		"release": func() (int64, error) { return s.ReleaseJobs(t.Context(), Selection{All: true}) },
	} {
		if name == "release" {
			_, err := s.HoldJobs(t.Context(), Selection{All: true})
			check(t, err)
		}
		if name == "retry" {
			_, err := s.ReleaseJobs(t.Context(), Selection{All: true})
			check(t, err)
		}
		if n, err := f(); err != nil || n != all {
			t.Errorf("%s: %d jobs, %v", name, n, err)
		}
		_, err := s.ReleaseJobs(t.Context(), Selection{All: true})
		check(t, err)
		sound(t, s)
	}
	n, err := s.DropJobs(t.Context(), Selection{Envelopes: []EnvelopeID{3}})
	if n != 171 || err != nil {
		t.Errorf("dropped %d, %v", n, err)
	}
	broken := fmt.Errorf("enough")
	wantErr(t, s.Queue(t.Context(), func(Queued) error { return broken }), broken)
	if n, err := s.DropJobs(t.Context(), Selection{Domain: "d1.test"}); n != all/3-57 || err != nil {
		t.Errorf("dropped %d, %v", n, err)
	}
	sound(t, s)
}

func TestHistory(t *testing.T) {
	s, c := openAt(t)
	start := c.now()
	for i := range 5 {
		check(t, s.Accept(t.Context(), Incoming{Body: section("x"), Send: []Outgoing{{Account: AccountID(i % 2), To: recipients(fmt.Sprintf("r%d@x.test", i))}}}))
		settleOne(t, s, Outcome{Job: firstJob(EnvelopeID(i + 1)), Fate: Delivered, Reply: taken})
		c.pass(24 * time.Hour)
	}
	want := func(q HistoryQuery, want string) {
		t.Helper()
		list, err := s.History(t.Context(), q)
		check(t, err)
		got := ""
		for _, h := range list {
			got += h.To.Local
		}
		if got != want {
			t.Errorf("%+v gives %s, want %s", q, got, want)
		}
	}
	want(HistoryQuery{}, "r4r3r2r1r0")
	want(HistoryQuery{Max: 2}, "r4r3")
	want(HistoryQuery{Max: 2, BeforeID: 4}, "r2r1")
	want(HistoryQuery{Account: 1}, "r3r1")
	want(HistoryQuery{Before: start.Add(3 * 24 * time.Hour)}, "r2r1r0")
	c.pass(keepHistory - 3*24*time.Hour)
	check(t, s.Care(t.Context()))
	want(HistoryQuery{}, "r4r3r2")
	c.pass(9 * 24 * time.Hour)
	check(t, s.Care(t.Context()))
	want(HistoryQuery{}, "")
}
