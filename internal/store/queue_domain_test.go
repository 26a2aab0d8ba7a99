package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

// A dead domain costs one row however much mail waits for it, and mail that comes later waits as well.
func TestDeferDomain(t *testing.T) {
	s, c := openAt(t)
	var to []string
	for i := range 1000 {
		to = append(to, fmt.Sprintf("r%d@dead.test", i))
	}
	send(t, s, to...)
	send(t, s, "a@alive.test")
	b := claim(t, s, c.now(), 20)
	next := c.now().Add(10 * time.Minute)
	if n := changes(t, s, func() { check(t, s.DeferDomain(t.Context(), b.Domain, next, down, "mx1")) }); n > 2*maxTogether*2+2 {
		t.Errorf("%d rows changed in the first round", n)
	}
	if n := len(handledOf(t, s)); n != maxTogether {
		t.Errorf("%d lines of history", n)
	}
	sound(t, s)
	for round := range 3 {
		if n := changes(t, s, func() { check(t, s.DeferDomain(t.Context(), b.Domain, next, down, "mx2")) }); n != 2 {
			t.Errorf("%d rows changed in round %d", n, round)
		}
	}
	send(t, s, "late@dead.test")
	if failures, at, err := s.Destination(t.Context(), "dead.test"); failures != 4 || !at.Equal(next) || err != nil {
		t.Errorf("%d failures, next %v, %v", failures, at, err)
	}
	for _, q := range queueOf(t, s) {
		j := q.Jobs[len(q.Jobs)-1]
		if dead := j.To.Domain == "dead.test"; dead && (j.Reply != down || j.Host != "mx2" || !j.Next.Equal(next)) || !dead && j.Reply.Code != 0 {
			t.Errorf("job %+v", j)
		}
	}
	if b := claim(t, s, next.Add(-time.Second), 2000); b.Domain != "alive.test" {
		t.Errorf("claimed for %s", b.Domain)
	}
	if b := claim(t, s, next.Add(-time.Second), 2000); len(b.Queued) != 0 {
		t.Errorf("claimed %d for %s", len(b.Queued), b.Domain)
	}
	check(t, s.DomainReached(t.Context(), "dead.test"))
	if failures, at, err := s.Destination(t.Context(), "dead.test"); failures != 0 || !at.IsZero() || err != nil {
		t.Errorf("%d failures, next %v, %v", failures, at, err)
	}
	if b := claim(t, s, c.now(), 2000); len(b.Queued) != 2 || len(b.Queued[0].Jobs) != len(to)-maxTogether || b.Queued[0].Jobs[0].Attempts != 1 {
		t.Errorf("claimed %s", locals(b.Queued))
	}
	sound(t, s)
}

// changes is how many rows do wrote.
func changes(t *testing.T, s *Store, do func()) (n int64) {
	t.Helper()
	total := func() (n int64) {
		check(t, s.write(t.Context(), func(tx *tx) (err error) {
			n, err = number(tx.Conn, `SELECT total_changes()`)
			return err
		}))
		return n
	}
	before := total()
	do()
	return total() - before
}

// What is not known, or went meanwhile, is no trouble.
func TestUnknownDomain(t *testing.T) {
	s, c := openAt(t)
	if failures, next, err := s.Destination(t.Context(), "x.test"); failures != 0 || !next.IsZero() || err != nil {
		t.Errorf("%d, %v, %v", failures, next, err)
	}
	check(t, s.DomainReached(t.Context(), "x.test"))
	check(t, s.DeferDomain(t.Context(), "x.test", c.now().Add(time.Hour), down, ""))
	send(t, s, "a@x.test")
	if b := claim(t, s, c.now(), 9); len(b.Queued) != 0 {
		t.Errorf("claimed %+v", b)
	}
	_, err := s.DropJobs(t.Context(), Selection{All: true})
	check(t, err)
	check(t, s.Care(t.Context()))
	if failures, _, _ := s.Destination(t.Context(), "x.test"); failures != 1 {
		t.Error("a domain was forgotten that is down")
	}
	c.pass(2 * time.Hour)
	check(t, s.Care(t.Context()))
	if failures, _, _ := s.Destination(t.Context(), "x.test"); failures != 0 {
		t.Error("a domain without mail is remembered for ever")
	}
}

// A job's own words count where they are later than those of its domain.
func TestLastWords(t *testing.T) {
	s, c := openAt(t)
	send(t, s, "a@x.test")
	check(t, s.DeferDomain(t.Context(), "x.test", c.now(), down, "mx1"))
	c.pass(time.Minute)
	settleOne(t, s, Outcome{Job: firstJob(1), Fate: Deferred, Reply: greylisted, Host: "mx2"})
	if j := queueOf(t, s)[0].Jobs[0]; j.Reply != greylisted || j.Host != "mx2" {
		t.Errorf("job %+v", j)
	}
	c.pass(time.Minute)
	check(t, s.DeferDomain(t.Context(), "x.test", c.now(), down, "mx1"))
	if j := queueOf(t, s)[0].Jobs[0]; j.Reply != down || j.Host != "mx1" {
		t.Errorf("job %+v", j)
	}
	check(t, s.DomainReached(t.Context(), "x.test"))
	if j := queueOf(t, s)[0].Jobs[0]; j.Reply != greylisted {
		t.Errorf("job %+v", j)
	}
}

func TestOverdue(t *testing.T) {
	s, c := openAt(t)
	send(t, s, "a@x.test", "b@y.test") // 6 days old
	c.pass(5 * 24 * time.Hour)
	send(t, s, "c@x.test", "d@x.test", "e@y.test") // a day old, d was told
	c.pass(24 * time.Hour)
	send(t, s, "f@x.test")
	settleOne(t, s, Outcome{Job: firstJob(1), Fate: Deferred, Warned: true})
	settleOne(t, s, Outcome{Job: firstJob(2) + 1, Fate: Deferred, Warned: true})
	warn, giveUp := c.now().Add(-4*time.Hour), c.now().Add(-5*24*time.Hour)
	overdue := func(domain string, max int, want string) {
		t.Helper()
		list, err := s.Overdue(t.Context(), domain, warn, giveUp, max)
		check(t, err)
		if locals(list) != want {
			t.Errorf("overdue %s, want %s", locals(list), want)
		}
	}
	overdue("", 9, "1:a,b 2:c,e")
	overdue("", 3, "1:a,b 2:c")
	overdue("x.test", 9, "1:a 2:c")
	overdue("nowhere.test", 9, "")
	_, err := s.HoldJobs(t.Context(), Selection{Domain: "x.test"})
	check(t, err)
	overdue("", 9, "1:b 2:e")
}

// The statements that run for each message go by an index.
func TestQueuePlans(t *testing.T) {
	s, _ := openAt(t)
	for sql, want := range map[string]string{
		`SELECT domain, due FROM destination WHERE due <= 5 ORDER BY due`:                                                      "SEARCH destination USING INDEX destination_due",
		jobRows + `WHERE j.destination = 5+0 AND j.next <= 9 ORDER BY j.next, j.id LIMIT 9`:                                    "SEARCH j USING INDEX job_next",
		`SELECT max(j.next, 5) FROM job j WHERE j.destination = 7 AND j.next IS NOT NULL ORDER BY j.next LIMIT 1`:              "SEARCH j USING COVERING INDEX job_next",
		`SELECT j.id FROM job j WHERE 1 IS NOT NULL AND j.id IN (SELECT value FROM json_each('[1]')) AND j.next > 1 LIMIT 500`: "SEARCH j USING INTEGER PRIMARY KEY",
		`SELECT count(*), count(*) - count(next) FROM job`:                                                                     "SCAN job USING COVERING INDEX job_next",
	} {
		var plan string
		check(t, s.read(t.Context(), func(c *sqlite.Conn) error {
			return query(c, "EXPLAIN QUERY PLAN "+sql, func(st *sqlite.Stmt) error {
				plan += st.ColumnText(3) + "\n"
				return nil
			})
		}))
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s\n%s", sql, plan)
		}
	}
}
