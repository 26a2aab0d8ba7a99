package limit

import (
	"net/netip"
	"testing"
	"time"
)

func newSources() (*Sources, *clock) {
	c := &clock{t: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	return &Sources{Connections: 6, Parallel: 2, Messages: 4, Unknown: 3, Errors: 5, Slow: time.Hour, Entries: 100, Now: c.now}, c
}

func TestSourcesConnections(t *testing.T) {
	s, c := newSources()
	first, ok := s.Open(stranger, true)
	if !ok {
		t.Fatal("the first")
	}
	if _, ok := s.Open(stranger, true); !ok {
		t.Error("a second at once")
	}
	if _, ok := s.Open(stranger, true); ok {
		t.Error("a third at once of a stranger")
	}
	first()
	first() // counts once
	if _, ok := s.Open(stranger, true); !ok {
		t.Error("a third after the first ended")
	}
	if _, ok := s.Open(stranger, true); ok {
		t.Error("its place was given back twice")
	}
	for range 3 {
		if _, ok := s.Open(stranger, false); !ok {
			t.Error("one that brought mail before")
		}
	}
	if _, ok := s.Open(stranger, false); ok {
		t.Error("a seventh in a minute")
	}
	c.t = c.t.Add(10 * time.Second)
	if _, ok := s.Open(stranger, false); !ok {
		t.Error("ten seconds later there is room for one")
	}
	if _, ok := s.Open(stranger, false); ok {
		t.Error("and for one only")
	}
	if _, ok := s.Open(home, true); !ok {
		t.Error("another address")
	}
}

func TestSourcesWrong(t *testing.T) {
	s, c := newSources()
	for i := range 3 {
		if !s.UnknownRecipient(stranger) {
			t.Errorf("unknown recipient %d", i)
		}
	}
	if s.IsSlow(stranger) || s.UnknownRecipient(stranger) || !s.IsSlow(stranger) {
		t.Error("the fourth makes it slow")
	}
	done, ok := s.Open(stranger, false)
	if !ok {
		t.Fatal("a slow one is not shut out")
	}
	if _, ok := s.Open(stranger, false); ok {
		t.Error("but one at a time")
	}
	done()
	c.t = c.t.Add(time.Hour)
	if s.IsSlow(stranger) {
		t.Error("an hour later")
	}
	for range 5 {
		s.Error(home)
	}
	if s.IsSlow(home) || s.Error(home) || !s.IsSlow(home) {
		t.Error("errors do the same")
	}
	// Somebody else's network is not his.
	six := netip.MustParseAddr("2001:db8::1")
	for range 6 {
		s.Error(six)
	}
	if !s.IsSlow(netip.MustParseAddr("2001:db8::ffff")) || s.IsSlow(netip.MustParseAddr("2001:db8:0:1::1")) {
		t.Error("an IPv6 network is one address")
	}
}

func TestSourcesMessages(t *testing.T) {
	s, c := newSources()
	for range 4 {
		if !s.Message(stranger) {
			t.Error("within the rate")
		}
	}
	for range 100 {
		if s.Message(stranger) {
			t.Error("beyond the rate")
		}
	}
	c.t = c.t.Add(15 * time.Minute)
	if !s.Message(stranger) || s.Message(stranger) {
		t.Error("a quarter of an hour later there is room for one")
	}
	c.t = c.t.AddDate(-30, 0, 0) // a board's clock
	if s.Message(stranger) {
		t.Error("a clock set back drains nothing")
	}
}

func TestSourcesBounded(t *testing.T) {
	s, _ := newSources()
	var last func()
	for i := range 1000 {
		last, _ = s.Open(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), true)
		if i < 500 {
			last()
		}
	}
	last()
	if s.Len() != 100 {
		t.Errorf("%d entries", s.Len())
	}
}
