package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"buzon/internal/message"
)

// The domain that waits longest comes first, a busy one not, and of each what fell due first.
func TestClaim(t *testing.T) {
	s, c := openAt(t)
	send(t, s, "a@x.test", "b@y.test", "c@x.test")
	c.pass(time.Second)
	send(t, s, "d@y.test", "e@z.test")
	if b := claim(t, s, c.now().Add(-time.Minute), 10); len(b.Queued) != 0 {
		t.Fatalf("claimed before its time: %+v", b)
	}
	busy := func(domain string) bool { return domain == "x.test" }
	b, ok, err := s.Claim(t.Context(), c.now(), busy, 10, everyHour)
	check(t, err)
	if !ok || b.Domain != "y.test" || locals(b.Queued) != "1:b 2:d" {
		t.Fatalf("claimed %+v", b)
	}
	j := b.Queued[0].Jobs[0]
	if j.Attempts != 1 || !j.Next.Equal(c.now().Add(time.Hour)) || b.Queued[0].From.Local != "ana" || b.Queued[0].LogID != "log1" {
		t.Errorf("job %+v of %+v", j, b.Queued[0])
	}
	for _, want := range []string{"1:a,c", "2:e", ""} {
		if b = claim(t, s, c.now(), 10); locals(b.Queued) != want {
			t.Errorf("claimed %s, want %s", locals(b.Queued), want)
		}
	}
	before := count(t, s, `PRAGMA data_version`)
	claim(t, s, c.now(), 10)
	if count(t, s, `PRAGMA data_version`) != before {
		t.Error("a claim of nothing wrote")
	}
	c.pass(time.Hour)
	if b = claim(t, s, c.now(), 10); len(b.Queued) == 0 || b.Queued[0].Jobs[0].Attempts != 2 {
		t.Errorf("claimed again: %+v", b)
	}
	sound(t, s)
}

// The jobs of an envelope come together, unless they are too many for any server.
func TestClaimWholeEnvelopes(t *testing.T) {
	s, c := openAt(t)
	send(t, s, "a@x.test", "b@x.test")
	send(t, s, "c@x.test", "d@x.test", "e@x.test")
	for _, step := range []struct {
		max  int
		want string
	}{{4, "1:a,b"}, {2, "2:c,d,e"}, {2, ""}} {
		b, ok, err := s.ClaimMore(t.Context(), "x.test", c.now(), step.max, everyHour)
		check(t, err)
		if ok != (step.want != "") || locals(b.Queued) != step.want {
			t.Errorf("%d claimed: %s, want %s", step.max, locals(b.Queued), step.want)
		}
	}
	n := 0
	c.pass(time.Hour)
	b, _, err := s.ClaimMore(t.Context(), "x.test", c.now(), 9, func(int) time.Duration { n++; return time.Duration(n) * time.Minute })
	check(t, err)
	if locals(b.Queued) != "1:a,b 2:c,d,e" || n != 2 {
		t.Errorf("claimed %s with %d questions, want one an envelope: it stays together", locals(b.Queued), n)
	}
	var many []string
	for i := range maxTogether + 1 {
		many = append(many, fmt.Sprintf("r%d@y.test", i))
	}
	send(t, s, many...)
	for _, want := range []int{maxTogether, 1} {
		if b := claim(t, s, c.now(), 2); len(b.Queued) != 1 || len(b.Queued[0].Jobs) != want {
			t.Errorf("claimed %s, want %d", locals(b.Queued), want)
		}
	}
	if _, ok, err := s.ClaimMore(t.Context(), "nowhere.test", c.now(), 9, everyHour); ok || err != nil {
		t.Errorf("claimed for nowhere: %v, %v", ok, err)
	}
}

func TestNextDue(t *testing.T) {
	s, c := openAt(t)
	start := c.now()
	due := func(want time.Time, busy ...string) {
		t.Helper()
		got, ok, err := s.NextDue(t.Context(), func(d string) bool { return slices.Contains(busy, d) })
		check(t, err)
		if ok == want.IsZero() || !got.Equal(want) {
			t.Errorf("due %v, %v, want %v", got, ok, want)
		}
	}
	due(time.Time{})
	send(t, s, "a@x.test")
	c.pass(time.Minute)
	send(t, s, "a@y.test")
	due(start)
	due(c.now(), "x.test")
	due(time.Time{}, "x.test", "y.test")
	claim(t, s, start, 9)
	due(c.now())
	_, err := s.HoldJobs(t.Context(), Selection{Domain: "y.test"})
	check(t, err)
	due(start.Add(time.Hour))
	check(t, s.DeferDomain(t.Context(), "x.test", c.now().Add(3*time.Hour), message.Reply{Code: 451}, "mx"))
	due(c.now().Add(3 * time.Hour))
	_, err = s.RetryJobs(t.Context(), Selection{Domain: "x.test"})
	check(t, err)
	due(c.now())
}
