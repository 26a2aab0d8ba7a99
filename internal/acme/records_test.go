package acme

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"buzon/internal/acme/acmetest"
	"buzon/internal/dnsupdate"
)

// write sets records in the authority's own DNS.
func (b *box) write(_ context.Context, c dnsupdate.Change) error {
	if c.Remove {
		b.service.ClearTXT(c.Name)
	} else {
		b.service.SetTXT(c.Name, c.Text)
	}
	return nil
}

// With both ports closed a record does it, even for a name that is not in DNS yet.
func TestByRecord(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test", "autoconfig.example.test")
	b.settings.Way, b.settings.Write = DNS, b.write
	b.zone.Remove("mail.example.test")
	b.Here = func() []netip.Addr { return []netip.Addr{netip.MustParseAddr(here)} }
	b.turn()
	b.wantNames("mail.example.test", "autoconfig.example.test")
	if b.state.Way != DNS {
		t.Errorf("it came by %s", b.state.Way)
	}
}

// A provider that refuses is told in its own words.
func TestProviderRefuses(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.settings.Way = DNS
	s := b.turn()
	if s.Problem == nil || s.Problem.Code != NoWay {
		t.Errorf("without a provider: %+v", s.Problem)
	}
	b.settings.Write = func(context.Context, dnsupdate.Change) error { return errors.New("bad token") }
	b.settings.Stamp = "changed"
	s = b.turn()
	if p := s.Names[0].Problem; p == nil || p.Code != Provider || p.Detail != "bad token" {
		t.Errorf("%+v", s.Names[0])
	}
}

// A person sets the records: they are told which, the order waits for them, also over a restart.
func TestByHand(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test", "autoconfig.example.test")
	b.settings.Way, b.settings.Manual = DNS, true
	var there atomic.Bool
	b.Seen = func(context.Context, string, string) (bool, error) { return there.Load(), nil }
	s := b.turn()
	if s.Problem == nil || s.Problem.Code != Waiting || len(s.Todo) != 2 || s.Todo[1].Name != "_acme-challenge.mail.example.test" {
		t.Fatalf("%+v %v", s, s.Problem)
	}
	if wait := s.Next.Sub(b.now()); wait > time.Minute {
		t.Errorf("it looks again in %v", wait)
	}
	restarted := New(b.Options)
	restarted.load(t.Context())
	b.Manager = restarted
	b.pass(time.Minute)
	if again := b.turn(); len(again.Todo) != 2 || again.Todo[0] != s.Todo[0] {
		t.Errorf("now it wants %+v", again.Todo)
	}
	for _, todo := range s.Todo {
		b.service.SetTXT(todo.Name, todo.Text)
	}
	there.Store(true)
	b.pass(time.Minute)
	b.turn()
	b.wantNames("mail.example.test", "autoconfig.example.test")
	if len(b.state.Todo) != 0 || b.state.Problem != nil {
		t.Errorf("%+v", b.state)
	}
}
