package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"buzon/internal/message"
)

// clock is a time that a test moves while the store's goroutines read it.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time       { return time.Unix(c.seconds.Load(), 0) }
func (c *clock) pass(d time.Duration) { c.seconds.Add(int64(d / time.Second)) }
func openAt(t *testing.T) (*Store, *clock) {
	t.Helper()
	c := &clock{}
	c.seconds.Store(1_800_000_000)
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "mail.db"), Options{Now: c.now})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s, c
}

// submit is a message that the account wrote to these.
func submit(t *testing.T, s *Store, acc AccountID, to ...string) {
	t.Helper()
	check(t, s.Accept(t.Context(), Incoming{
		Body: section(mail("hello", "x")), Deliver: []Delivery{{Account: acc}},
		Submitted: &Submitted{Account: acc, To: addresses(t, to...)},
	}))
}

// What was sent counts for a day, who was new to the account for ever.
func TestSending(t *testing.T) {
	s, c := openAt(t)
	ana, _ := person(t, s, "ana", 0)
	luis, _ := person(t, s, "luis", 0)
	want := func(what string, acc AccountID, want SendingState, to ...string) {
		t.Helper()
		got, err := s.Sending(t.Context(), acc, addresses(t, to...), c.now())
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", what, got, err, want)
		}
	}
	want("nothing yet", ana, SendingState{New: 2}, "kim@far.test", "eva@far.test", "KIM@far.test")
	submit(t, s, ana, "kim@far.test", "Kim@far.test", "eva@far.test") // named twice is one
	want("one message", ana, SendingState{Today: 1, RecipientsToday: 2, NewToday: 2, LastMinutes: 1, NewLastMinutes: 2, New: 1}, "kim@far.test", "pia@far.test")
	want("another's", luis, SendingState{New: 1}, "kim@far.test")
	c.pass(time.Minute)
	submit(t, s, ana, "kim@far.test")
	want("to one known", ana, SendingState{Today: 2, RecipientsToday: 3, NewToday: 2, LastMinutes: 2, NewLastMinutes: 2})
	c.pass(9 * time.Minute)
	want("ten minutes after the first", ana, SendingState{Today: 2, RecipientsToday: 3, NewToday: 2, LastMinutes: 1})
	c.pass(day - 10*time.Minute)
	want("a day after the first", ana, SendingState{Today: 1, RecipientsToday: 1})
	c.pass(2 * day)
	check(t, s.Care(t.Context()))
	if n := count(t, s, `SELECT count(*) FROM sending`); n != 0 {
		t.Errorf("%d old rows are left", n)
	}
	want("known for ever", ana, SendingState{New: 1}, "kim@far.test", "pia@far.test")
	for to, want := range map[string]bool{"EVA@far.test": true, "pia@far.test": false} {
		if known, err := s.Correspondents(t.Context(), ana, address(t, to)); err != nil || known != want {
			t.Errorf("%s: %v, %v", to, known, err)
		}
	}
}

// A message that is not accepted is not counted.
func TestRefusedIsNotCounted(t *testing.T) {
	s, c := openAt(t)
	ana, _ := person(t, s, "ana", 10)
	err := s.Accept(t.Context(), Incoming{
		Body: section(mail("hello", "x")), Deliver: []Delivery{{Account: ana}},
		Submitted: &Submitted{Account: ana, To: addresses(t, "kim@far.test")},
	})
	wantErr(t, err, ErrOverQuota)
	if got, err := s.Sending(t.Context(), ana, addresses(t, "kim@far.test"), c.now()); err != nil || got != (SendingState{New: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPause(t *testing.T) {
	s, c := openAt(t)
	ana, _ := person(t, s, "ana", 0)
	luis, _ := person(t, s, "luis@example.test", 0)
	submit(t, s, ana, "kim@far.test")
	wantErr(t, s.PauseSending(t.Context(), 99, "x"), ErrNoAccount)
	check(t, s.PauseSending(t.Context(), ana, PauseBurst))
	since := c.now()
	c.pass(time.Hour)
	check(t, s.PauseSending(t.Context(), ana, "again")) // the first reason stays
	check(t, s.PauseSending(t.Context(), luis, "too"))
	list, err := s.PausedSending(t.Context())
	check(t, err)
	first := PausedAccount{ana, message.Address{Local: "ana", Domain: "example.test"}, PauseBurst, since}
	if len(list) != 2 || list[0] != first || list[1].Account != luis {
		t.Errorf("paused are %+v", list)
	}
	if got, err := s.Sending(t.Context(), ana, nil, c.now()); err != nil || got.Paused != PauseBurst || got.Today != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	check(t, s.ResumeSending(t.Context(), ana))
	if got, err := s.Sending(t.Context(), ana, nil, c.now()); err != nil || got != (SendingState{}) {
		t.Errorf("after the pause: %+v, %v", got, err)
	}
	submit(t, s, ana, "kim@far.test")
	check(t, s.ResumeSending(t.Context(), ana)) // was not paused: nothing is forgotten
	if got, err := s.Sending(t.Context(), ana, nil, c.now()); err != nil || got.Today != 1 || got.NewToday != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	check(t, s.RemoveAccount(t.Context(), address(t, "luis@example.test")))
	if list, err := s.PausedSending(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("paused are %+v, %v", list, err)
	}
}

func TestRelays(t *testing.T) {
	s := openMail(t)
	first := Relay{Host: "smtp.example.net", Port: 587, TLS: "starttls", User: "ana", Password: "tortilla"}
	second := Relay{Host: "192.0.2.1", Port: 25, TLS: "none", For: "far.test"}
	for _, r := range []Relay{first, second} {
		check(t, s.SetRelay(t.Context(), r))
	}
	changed := Relay{Host: "SMTP.example.net.", Port: 587, TLS: "implicit", User: "ana", Password: "token", OAuth: true}
	check(t, s.SetRelay(t.Context(), changed))
	list, err := s.Relays(t.Context())
	check(t, err)
	changed.Host, changed.ID, second.ID = "smtp.example.net", 1, 2
	if !slices.Equal(list, []Relay{changed, second}) {
		t.Errorf("relays are %+v", list)
	}
	for _, bad := range []Relay{
		{Host: "", Port: 25, TLS: "none"}, {Host: "a b", Port: 25, TLS: "none"}, {Host: "ana@x", Port: 25, TLS: "none"},
		{Host: "x", Port: 0, TLS: "none"}, {Host: "x", Port: 70000, TLS: "none"}, {Host: "x", Port: 25, TLS: ""},
		{Host: "x", Port: 25, TLS: "none", Password: "a\nb"}, {Host: "x", Port: 25, TLS: "none", For: "not a domain"},
	} {
		wantErr(t, s.SetRelay(t.Context(), bad), ErrBadName)
	}
	wantErr(t, s.RemoveRelay(t.Context(), "smtp.example.net", 25, ""), ErrNoRelay)
	wantErr(t, s.RemoveRelay(t.Context(), "192.0.2.1", 25, ""), ErrNoRelay)
	check(t, s.RemoveRelay(t.Context(), "smtp.EXAMPLE.net", 0, ""))
	check(t, s.RemoveRelay(t.Context(), "192.0.2.1", 25, "FAR.test"))
	if list, err := s.Relays(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("left are %+v, %v", list, err)
	}
}

func TestDKIMKeys(t *testing.T) {
	s, c := openAt(t)
	check(t, s.AddDomain(t.Context(), "example.test"))
	key := func(selector, algorithm, state string) DKIMKey {
		return DKIMKey{Domain: "Example.test", Selector: selector, Algorithm: algorithm, Private: []byte(selector), State: state}
	}
	states := func() (got string) {
		t.Helper()
		keys, err := s.DKIMKeys(t.Context(), "example.test")
		check(t, err)
		for _, k := range keys {
			if string(k.Private) != k.Selector || k.Domain != "example.test" || k.Created.IsZero() {
				t.Errorf("key %+v", k)
			}
			got += fmt.Sprintf("%s %s %s %d; ", k.Selector, k.Algorithm, k.State, k.Changed.Unix()-1_800_000_000)
		}
		return got
	}
	check(t, s.AddDKIMKeys(t.Context(), []DKIMKey{key("b", "rsa", KeyActive), key("a", "ed25519", KeyActive)}))
	wantErr(t, s.TurnDKIMKeys(t.Context(), "example.test", c.now()), ErrNoDKIMKey) // else mail would go unsigned
	// All or none.
	wantErr(t, s.AddDKIMKeys(t.Context(), []DKIMKey{key("c", "rsa", KeyNext), key("A", "rsa", KeyNext)}), ErrExists)
	other := key("c", "rsa", KeyNext)
	other.Domain = "far.test"
	wantErr(t, s.AddDKIMKeys(t.Context(), []DKIMKey{other}), ErrNoDomain)
	for _, bad := range []DKIMKey{key("", "rsa", KeyNext), key("a b", "rsa", KeyNext), key("c", "dsa", KeyNext), key("c", "rsa", "old"), {Domain: "example.test", Selector: "c", Algorithm: "rsa", State: KeyNext}} {
		wantErr(t, s.AddDKIMKeys(t.Context(), []DKIMKey{bad}), ErrBadName)
	}
	c.pass(time.Minute)
	check(t, s.AddDKIMKeys(t.Context(), []DKIMKey{key("c", "rsa", KeyNext)}))
	if got := states(); got != "a ed25519 active 0; b rsa active 0; c rsa next 60; " {
		t.Error(got)
	}
	c.pass(time.Minute)
	check(t, s.TurnDKIMKeys(t.Context(), "example.test", c.now()))
	if got := states(); got != "c rsa active 120; a ed25519 retired 120; b rsa retired 120; " {
		t.Error(got)
	}
	check(t, s.RemoveDKIMKeys(t.Context(), "example.test", "A"))
	wantErr(t, s.RemoveDKIMKeys(t.Context(), "example.test", "a"), ErrNoDKIMKey)
	check(t, s.RemoveDomain(t.Context(), "example.test"))
	if got := states(); got != "" {
		t.Errorf("after the domain: %s", got)
	}
}
