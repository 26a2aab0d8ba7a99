package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

func rowsOf(t *testing.T, s *Store, table string) (n int64) {
	t.Helper()
	check(t, s.read(t.Context(), func(c *sqlite.Conn) (err error) {
		n, err = number(c, "SELECT count(*) FROM "+table)
		return err
	}))
	return n
}

func refusalsOf(t *testing.T, s *Store) (all []Refusal) {
	t.Helper()
	check(t, s.Refusals(t.Context(), func(r Refusal) error { all = append(all, r); return nil }))
	return all
}

// The same once more counts and moves up; the number by which people name it stays.
func TestRefusals(t *testing.T) {
	s, c := openAt(t)
	one := Refusal{At: c.now(), Times: 1, Client: "192.0.2.1", Sender: "a@b.test", Recipient: "ana@example.org", Reason: "listed", Reply: "550 no"}
	two := one
	two.Sender = "c@d.test"
	check(t, s.AddRefusals(t.Context(), []Refusal{one, two}))
	c.pass(time.Hour)
	one.At, one.Times, one.Helo = c.now(), 4, "mx"
	check(t, s.AddRefusals(t.Context(), []Refusal{one}))
	check(t, s.AddRefusals(t.Context(), nil))
	all := refusalsOf(t, s)
	if len(all) != 2 || all[0].ID != 1 || all[0].Times != 5 || !all[0].At.Equal(c.now()) || all[0].Helo != "mx" || all[1].ID != 2 {
		t.Fatalf("%+v", all)
	}
	if r, err := s.Refusal(t.Context(), 2); err != nil || r.Sender != "c@d.test" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := s.Refusal(t.Context(), 3); !errors.Is(err, ErrNoRefusal) {
		t.Error(err)
	}
	c.pass(keepRefused - time.Minute)
	check(t, s.Care(t.Context()))
	if all := refusalsOf(t, s); len(all) != 1 || all[0].ID != 1 {
		t.Errorf("after 30 days: %+v", all)
	}
}

// However many there are, the cap holds and the latest stay; long words are cut.
func TestRefusalsBounded(t *testing.T) {
	s, c := openAt(t)
	long := string(make([]byte, 5000))
	check(t, s.write(t.Context(), func(tx *tx) error {
		return exec(tx.Conn, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			INSERT INTO refused SELECT i, i, 1, i, '', '', '', '', 'early', '' FROM n`, maxRefused)
	}))
	for range 3 {
		batch := make([]Refusal, 500)
		for i := range batch {
			c.pass(time.Second)
			batch[i] = Refusal{At: c.now(), Times: 1, Client: fmt.Sprint(c.now().Unix()), Reason: "early"}
		}
		check(t, s.AddRefusals(t.Context(), batch))
	}
	check(t, s.AddRefusals(t.Context(), []Refusal{{At: c.now(), Helo: long, Sender: long, Recipient: long, Reply: long}}))
	n := 0
	err := s.Refusals(t.Context(), func(r Refusal) error {
		if n++; n == 1 && len(r.Sender)+len(r.Helo)+len(r.Recipient)+len(r.Reply) > 5*maxRefusedAt {
			t.Error("a long text was kept")
		}
		return nil
	})
	if err != nil || n != maxRefused {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestAcquaintances(t *testing.T) {
	s, c := openAt(t)
	keep := func(passed bool) {
		t.Helper()
		check(t, s.KeepAcquaintances(t.Context(), []Acquaintance{{Source: "192.0.2.0/24"}, {Source: "far.test", Domain: "far.test", Passed: passed}}))
	}
	want := func(what, source, domain string, known, passed bool) {
		t.Helper()
		k, p, err := s.Acquainted(t.Context(), source, domain)
		if err != nil || k != known || p != passed {
			t.Errorf("%s: %v, %v, %v", what, k, p, err)
		}
	}
	want("before", "192.0.2.0/24", "", false, false)
	keep(false)
	want("network", "192.0.2.0/24", "", true, false)
	want("domain", "far.test", "far.test", true, false)
	want("another by the same", "far.test", "else.test", false, false)
	before := s.writes(t)
	keep(false)
	if s.writes(t) != before {
		t.Error("written again within a day")
	}
	keep(true) // news
	want("passed", "far.test", "far.test", true, true)
	c.pass(keepAcquainted + time.Second)
	want("half a year later", "far.test", "far.test", false, false)
	check(t, s.Care(t.Context()))
	if n := rowsOf(t, s, "acquainted"); n != 0 {
		t.Errorf("%d rows left", n)
	}
	check(t, s.KeepAcquaintances(t.Context(), nil))
}

// writes is a number that every write of this process changes.
func (s *Store) writes(t *testing.T) (n int64) {
	t.Helper()
	check(t, s.write(t.Context(), func(tx *tx) (err error) {
		n, err = number(tx.Conn, "SELECT total_changes()")
		return err
	}))
	return n
}

func TestGreylist(t *testing.T) {
	s, c := openAt(t)
	ask := func(sender string) GreyAnswer {
		t.Helper()
		a, err := s.Greylist(t.Context(), "192.0.2.0/24", sender, "ana@example.org")
		check(t, err)
		return a
	}
	if a := ask("a@b.test"); a.Pass || a.Wait != time.Minute {
		t.Errorf("first: %+v", a)
	}
	c.pass(20 * time.Second)
	if a := ask("a@b.test"); a.Pass || a.Wait != 40*time.Second {
		t.Errorf("too soon: %+v", a)
	}
	c.pass(40 * time.Second)
	if a := ask("a@b.test"); !a.Pass {
		t.Errorf("in time: %+v", a)
	}
	if a := ask("b@b.test"); a.Pass {
		t.Errorf("another sender: %+v", a)
	}
	c.pass(4*time.Hour + time.Second)
	if a := ask("b@b.test"); a.Pass {
		t.Errorf("too late begins anew: %+v", a)
	}
	c.pass(time.Minute)
	if a := ask("b@b.test"); !a.Pass {
		t.Errorf("and then passes: %+v", a)
	}
	for range 3 { // each mail renews it
		c.pass(30 * day)
		if a := ask("a@b.test"); !a.Pass {
			t.Errorf("white: %+v", a)
		}
	}
	ask("c@b.test")
	c.pass(5 * time.Hour)
	check(t, s.Care(t.Context()))
	if n := rowsOf(t, s, "grey"); n != 1 { // b is over 35 days old, c never came again
		t.Errorf("%d rows", n)
	}
	c.pass(36 * day)
	if a := ask("a@b.test"); a.Pass {
		t.Errorf("after 36 days of silence: %+v", a)
	}
}

func TestGreylistBounded(t *testing.T) {
	s, c := openAt(t)
	check(t, s.write(t.Context(), func(tx *tx) error {
		return exec(tx.Conn, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO grey SELECT i, 0, i, 0 FROM n`, maxGrey)
	}))
	for i := range 3 {
		if _, err := s.Greylist(t.Context(), "192.0.2.0/24", fmt.Sprint(i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	c.pass(time.Minute)
	if a, err := s.Greylist(t.Context(), "192.0.2.0/24", "2", "x"); err != nil || !a.Pass {
		t.Errorf("%+v, %v", a, err)
	}
	if n := rowsOf(t, s, "grey"); n != maxGrey {
		t.Errorf("%d rows", n)
	}
}

func TestGuarded(t *testing.T) {
	s, c := openAt(t)
	list := []Guarded{
		{Account: "ana", Failures: 9, Last: c.now(), Until: c.now().Add(time.Hour)},
		{Address: "192.0.2.1", Failures: 6, Last: c.now().Add(time.Second), Until: c.now().Add(time.Minute)},
		{Address: "192.0.2.1", Failures: 7, Last: c.now(), Until: c.now()}, // twice is once
	}
	check(t, s.KeepGuarded(t.Context(), list))
	got, err := s.GuardedNow(t.Context())
	if err != nil || len(got) != 2 || got[0].Address != "192.0.2.1" || got[0].Failures != 7 || got[1].Account != "ana" {
		t.Fatalf("%+v, %v", got, err)
	}
	c.pass(2 * time.Minute)
	if got, err := s.GuardedNow(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	bell := s.WatchGuard()
	defer bell.Stop()
	if known, err := s.ReleaseGuarded(t.Context(), "luis"); known || err != nil {
		t.Error(known, err)
	}
	if known, err := s.ReleaseGuarded(t.Context(), "ANA"); !known || err != nil {
		t.Error(known, err)
	}
	<-bell.C
	if asked, err := s.TakeReleases(t.Context()); err != nil || len(asked) != 2 || asked[1] != "ANA" {
		t.Errorf("%q, %v", asked, err)
	}
	if asked, err := s.TakeReleases(t.Context()); err != nil || asked != nil {
		t.Errorf("%q, %v", asked, err)
	}
	// A server that starts knows nothing of the last one's guard.
	check(t, s.KeepGuarded(t.Context(), list))
	if _, err := s.ReleaseGuarded(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	check(t, s.StartGate(t.Context()))
	check(t, s.StartGate(t.Context()))
	if n := rowsOf(t, s, "guarded") + rowsOf(t, s, "guard_release"); n != 0 {
		t.Errorf("%d rows left", n)
	}
	check(t, s.write(t.Context(), func(tx *tx) error {
		return exec(tx.Conn, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO guard_release SELECT i, 'x' FROM n`, maxReleases)
	}))
	if _, err := s.ReleaseGuarded(t.Context(), "x"); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
}

// The command line is another process: the running server hears of its request by its poll.
func TestReleaseFromAnotherProcess(t *testing.T) {
	s, _ := openAt(t)
	other, err := Open(t.Context(), s.path, Options{})
	check(t, err)
	defer func() { check(t, other.Close()) }()
	bell := s.WatchGuard()
	defer bell.Stop()
	if _, err := other.ReleaseGuarded(t.Context(), "ana"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.After(10 * time.Second); ; {
		select {
		case <-bell.C: // it also rings for what the other process wrote before
			if asked, err := s.TakeReleases(t.Context()); err != nil {
				t.Fatal(err)
			} else if len(asked) == 1 {
				return
			}
		case <-deadline:
			t.Fatal("never heard of it")
		}
	}
}
