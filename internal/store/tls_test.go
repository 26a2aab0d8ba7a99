package store

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestSTSPolicy(t *testing.T) {
	s, c := openAt(t)
	p := STSPolicy{Domain: "far.test", ID: "1", Mode: "enforce", MX: []string{"mx.far.test", "*.far.test"}, MaxAge: day, Fetched: c.now()}
	for _, id := range []string{"1", "2"} {
		p.ID = id
		check(t, s.KeepSTSPolicy(t.Context(), p))
	}
	if got, found, err := s.STSPolicy(t.Context(), "far.test"); err != nil || !found || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v, %v, want %+v", got, found, err, p)
	}
	if _, found, err := s.STSPolicy(t.Context(), "other.test"); err != nil || found {
		t.Errorf("%v, %v", found, err)
	}
	c.pass(day) // RFC 8461 §5.1: never used after max_age
	if _, found, err := s.STSPolicy(t.Context(), "far.test"); err != nil || found {
		t.Errorf("an expired one: %v, %v", found, err)
	}
	c.pass(time.Second)
	check(t, s.Care(t.Context()))
	if n := count(t, s, `SELECT count(*) FROM sts_policy`); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestTLSLevel(t *testing.T) {
	s, c := openAt(t)
	if level, seen, err := s.TLSLevel(t.Context(), "far.test"); err != nil || level != NoTLS || !seen.IsZero() {
		t.Errorf("%v, %v, %v", level, seen, err)
	}
	for _, step := range []struct {
		level TLSLevel
		after time.Duration
		fresh bool // it is written down
	}{
		{NoTLS, 0, true},
		{Verified, time.Hour, true},
		{Verified, 23 * time.Hour, false},
		{Verified, time.Hour, true},
		{Unverified, 0, true}, // a downgrade at once
	} {
		c.pass(step.after)
		check(t, s.KeepTLSLevel(t.Context(), "far.test", step.level))
		level, seen, err := s.TLSLevel(t.Context(), "far.test")
		if err != nil || level != step.level || seen.Equal(c.now()) != step.fresh {
			t.Errorf("%+v: %v, %v at %v, %v", step, level, seen, c.now(), err)
		}
	}
	c.pass(181 * day)
	check(t, s.Care(t.Context()))
	if _, seen, err := s.TLSLevel(t.Context(), "far.test"); err != nil || !seen.IsZero() {
		t.Errorf("it is remembered for ever: %v, %v", seen, err)
	}
}

func TestTLSResults(t *testing.T) {
	s, c := openAt(t)
	today := c.now().UTC().Format("2006-01-02")
	good := TLSResult{Day: today, Domain: "far.test", PolicyType: "sts", PolicyStrings: []string{"version: STSv1", "mode: enforce"},
		MXHosts: []string{"mx.far.test"}, MXHost: "mx.far.test", SourceIP: "192.0.2.1", PeerIP: "192.0.2.2", Sessions: 2}
	bad := good
	bad.Result, bad.Detail, bad.Sessions = "certificate-expired", "since yesterday", 1
	plain := TLSResult{Day: today, Domain: "a.test", PolicyType: "no-policy-found", Sessions: 1}
	check(t, s.CountTLS(t.Context(), []TLSResult{good, bad, plain}))
	check(t, s.CountTLS(t.Context(), []TLSResult{good, good}))
	good.Sessions = 6
	got, err := s.TLSResults(t.Context(), today)
	check(t, err)
	if want := []TLSResult{plain, good, bad}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, later := range []int{1, 9} {
		plain.Day = c.now().AddDate(0, 0, later).UTC().Format("2006-01-02")
		check(t, s.CountTLS(t.Context(), []TLSResult{plain}))
	}
	check(t, s.DropTLSResults(t.Context(), today))
	c.pass(9 * day)
	check(t, s.Care(t.Context())) // reports that could not be sent for a week
	if days, err := s.TLSDays(t.Context()); err != nil || len(days) != 1 || days[0] != plain.Day {
		t.Errorf("days are %v, %v, want %s", days, err, plain.Day)
	}
}

// A day takes so many rows and no more; what has one is counted on.
func TestTLSResultsAreBounded(t *testing.T) {
	s := openMail(t)
	var list []TLSResult
	for i := range maxTLSResults + 10 {
		list = append(list, TLSResult{Day: "2026-11-22", Domain: fmt.Sprintf("d%d.test", i), Sessions: 1})
	}
	check(t, s.CountTLS(t.Context(), list))
	check(t, s.CountTLS(t.Context(), list[:1]))
	got, err := s.TLSResults(t.Context(), "2026-11-22")
	check(t, err)
	if len(got) != maxTLSResults || got[0].Sessions != 2 {
		t.Errorf("%d rows, the first %+v", len(got), got[0])
	}
}

func TestNotes(t *testing.T) {
	s, c := openAt(t)
	if _, _, found, err := s.Noted(t.Context(), "way"); err != nil || found {
		t.Errorf("%v, %v", found, err)
	}
	for _, step := range []struct {
		text  string
		after time.Duration
		fresh bool
	}{{"direct", 0, true}, {"direct", 59 * time.Minute, false}, {"direct", time.Minute, true}, {"relay", time.Second, true}} {
		c.pass(step.after)
		check(t, s.Note(t.Context(), "way", step.text))
		text, at, found, err := s.Noted(t.Context(), "way")
		if err != nil || !found || text != step.text || at.Equal(c.now()) != step.fresh {
			t.Errorf("%+v: %q at %v, %v, %v", step, text, at, found, err)
		}
	}
}
