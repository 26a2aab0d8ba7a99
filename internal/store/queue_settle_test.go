package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
)

var (
	greylisted = message.Reply{Code: 450, Enhanced: [3]int{4, 2, 0}, Text: "Come back later"}
	noSuchUser = message.Reply{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "No such user"}
	taken      = message.Reply{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "OK"}
	down       = message.Reply{Code: 451, Enhanced: [3]int{4, 4, 1}, Text: "No answer"}
)

func settleOne(t testing.TB, s *Store, o Outcome) {
	t.Helper()
	check(t, s.Settle(t.Context(), []Outcome{o}, nil))
}

// lines is the history, the oldest first: "Fate code to attempts".
func lines(t testing.TB, s *Store) string {
	t.Helper()
	var out []string
	for _, h := range handledOf(t, s) {
		out = append([]string{fmt.Sprintf("%d %d %s %d", h.Fate, h.Reply.Code, h.To.Local, h.Attempts)}, out...)
	}
	return strings.Join(out, "; ")
}

func TestSettle(t *testing.T) {
	s, c := openAt(t)
	send(t, s, "a@x.test", "b@x.test")
	j := claim(t, s, c.now(), 9).Queued[0].Jobs
	queued := c.now()
	c.pass(time.Minute)

	// A deferral keeps what Claim set unless it says otherwise, and the history has the first alone.
	settleOne(t, s, Outcome{Job: j[0].ID, Fate: Deferred, Reply: greylisted, Host: "mx1"})
	settleOne(t, s, Outcome{Job: j[1].ID, Fate: Deferred, Reply: greylisted, Next: c.now().Add(time.Minute)})
	settleOne(t, s, Outcome{Job: j[0].ID, Fate: Deferred, Reply: down, Host: "mx2"})
	settleOne(t, s, Outcome{Job: j[0].ID, Fate: Deferred, Warned: true})
	settleOne(t, s, Outcome{Job: j[0].ID, Fate: Deferred})
	q := queueOf(t, s)[0]
	if a, b := q.Jobs[0], q.Jobs[1]; a.Reply != down || a.Host != "mx2" || !a.Warned || !a.Next.Equal(j[0].Next) ||
		b.Reply != greylisted || b.Warned || !b.Next.Equal(c.now().Add(time.Minute)) {
		t.Errorf("deferred %+v", q.Jobs)
	}
	sound(t, s)

	// An end is remembered with the words, or the last ones.
	check(t, s.Settle(t.Context(), []Outcome{
		{Job: j[1].ID, Fate: Delivered, Reply: taken, Host: "mx3", TLS: "TLS 1.3, DANE"},
		{Job: j[1].ID, Fate: Failed, Reply: noSuchUser}, // it is no more
		{Job: 77, Fate: Failed},
	}, nil))
	h := handledOf(t, s)[0]
	if want := (Handled{3, c.now(), "log1", 1, q.From, j[1].To, Delivered, taken, "mx3", "TLS 1.3, DANE", 1, queued}); h != want {
		t.Errorf("history\n%+v, want\n%+v", h, want)
	}
	settleOne(t, s, Outcome{Job: j[0].ID, Fate: Failed})
	if got, want := lines(t, s), "3 450 a 1; 3 450 b 1; 1 250 b 1; 4 451 a 1"; got != want {
		t.Errorf("history %s, want %s", got, want)
	}
	if n := count(t, s, `SELECT (SELECT count(*) FROM job) + (SELECT count(*) FROM envelope)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	sound(t, s)
	if err := s.Settle(t.Context(), []Outcome{{Job: 77}}, nil); err != nil {
		t.Errorf("of a job that is no more: %v", err)
	}
	send(t, s, "c@x.test")
	if err := s.Settle(t.Context(), []Outcome{{Job: firstJob(2)}}, nil); err == nil {
		t.Error("settled without a fate")
	}
}

// What the other side says is kept in bounds.
func TestLongWords(t *testing.T) {
	s, _ := openAt(t)
	send(t, s, "a@x.test")
	long := message.Reply{Code: 450, Enhanced: [3]int{4, 1000, -1}, Text: strings.Repeat("ñ", 4000)}
	settleOne(t, s, Outcome{Job: firstJob(1), Fate: Deferred, Reply: long, Host: "\xff" + strings.Repeat("h", 999)})
	j := queueOf(t, s)[0].Jobs[0]
	if j.Reply.Text != strings.Repeat("ñ", maxWords/2) || j.Reply.Enhanced != [3]int{} || len(j.Host) != maxHost || !strings.HasPrefix(j.Host, "\uFFFDhh") {
		t.Errorf("kept %+v", j)
	}
	long.Text = "x" + long.Text
	settleOne(t, s, Outcome{Job: firstJob(1), Fate: Failed, Reply: long})
	if text := handledOf(t, s)[0].Reply.Text; text != "x"+strings.Repeat("ñ", maxWords/2-1) {
		t.Errorf("kept %d octets: %q", len(text), text[len(text)-9:])
	}
}

// A report comes in with the outcome that it tells of, or neither.
func TestSettleReports(t *testing.T) {
	s, c := openAt(t)
	acc, box := person(t, s, "ana", 10) // it is full
	send(t, s, "a@x.test", "b@x.test")
	j := claim(t, s, c.now(), 9).Queued[0].Jobs
	outcomes := []Outcome{{Job: j[0].ID, Fate: Failed, Reply: noSuchUser}}
	large := mail("report", strings.Repeat("text ", 100<<10)) // staged
	reports := []Incoming{
		{Body: section(large), Deliver: []Delivery{{Account: acc}}},
		{Body: section(mail("report", "x")), Send: []Outgoing{{To: recipients("far@y.test")}}},
	}
	w := s.WatchQueue()
	defer w.Stop()
	bell := s.Watch(box)
	defer bell.Stop()

	err := s.Settle(t.Context(), outcomes, append(reports, Incoming{Body: section("x"), Deliver: []Delivery{{Account: 99}}}))
	wantErr(t, err, ErrNoAccount)
	if rung(w) || rung(bell) || len(handledOf(t, s)) != 0 || len(queueOf(t, s)) != 1 || len(list(t, s, box, 0)) != 0 {
		t.Error("a failed settlement left something")
	}
	if n := count(t, s, `SELECT (SELECT count(*) FROM staging) + (SELECT count(*) FROM body)`); n != 1 {
		t.Errorf("%d bodies are left", n)
	}

	check(t, s.Settle(t.Context(), outcomes, reports))
	got := list(t, s, box, WithMeta)
	if !rung(w) || !rung(bell) || len(got) != 1 || bodyText(t, s, got[0].Body) != large {
		t.Errorf("report %+v", got)
	}
	if q := queueOf(t, s); locals(q) != "1:b 2:far" || !q[1].From.IsZero() || q[1].Account != 0 {
		t.Errorf("queued %+v", q)
	}
	sound(t, s)
	broken := Incoming{Body: section("x"), Deliver: []Delivery{{Account: acc, Mailbox: "a//b"}}}
	wantErr(t, s.Settle(t.Context(), []Outcome{{Job: j[1].ID, Fate: Failed}}, []Incoming{broken}), ErrBadName)
	if q := queueOf(t, s); locals(q) != "1:b 2:far" {
		t.Errorf("queued %+v", q)
	}
}

func TestWatchQueue(t *testing.T) {
	s, c := openAt(t)
	w := s.WatchQueue()
	for _, step := range []struct {
		name string
		do   func() error
		want bool
	}{
		{"enqueue", func() error { send(t, s, "a@x.test"); return nil }, true},
		{"refused", func() error {
			err := s.Accept(t.Context(), Incoming{Body: section("x"), Deliver: []Delivery{{Account: 9}}, Send: []Outgoing{{To: recipients("a@x.test")}}})
			if !errors.Is(err, ErrNoAccount) {
				return err
			}
			return nil
		}, false},
		{"claim", func() error { claim(t, s, c.now(), 9); return nil }, false},
		{"settle", func() error { settleOne(t, s, Outcome{Job: firstJob(1), Fate: Deferred, Reply: down}); return nil }, false},
		{"settle sooner", func() error { settleOne(t, s, Outcome{Job: firstJob(1), Fate: Deferred, Next: c.now()}); return nil }, true},
		{"reached as ever", func() error { return s.DomainReached(t.Context(), "x.test") }, false},
		{"down", func() error { return s.DeferDomain(t.Context(), "x.test", c.now().Add(time.Hour), down, "") }, false},
		{"reached", func() error { return s.DomainReached(t.Context(), "x.test") }, true},
		{"hold", func() error { _, err := s.HoldJobs(t.Context(), Selection{All: true}); return err }, false},
		{"retry held", func() error { _, err := s.RetryJobs(t.Context(), Selection{All: true}); return err }, false},
		{"release", func() error { _, err := s.ReleaseJobs(t.Context(), Selection{All: true}); return err }, true},
		{"claim again", func() error { claim(t, s, c.now(), 9); return nil }, false},
		{"retry", func() error { _, err := s.RetryJobs(t.Context(), Selection{All: true}); return err }, true},
		{"another process", func() error { s.ringAll(); return nil }, true},
		{"drop", func() error { _, err := s.DropJobs(t.Context(), Selection{All: true}); return err }, false},
	} {
		check(t, step.do())
		if got := rung(w); got != step.want {
			t.Errorf("%s: rung is %v", step.name, got)
		}
	}
	w.Stop()
	w.Stop()
	send(t, s, "b@x.test")
	if rung(w) {
		t.Error("rung after Stop")
	}
}
