package store

import (
	"bytes"
	"testing"
)

func TestACME(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	if _, _, found, err := s.ACME(ctx, "state"); found || err != nil {
		t.Fatalf("found %v, %v in an empty file", found, err)
	}
	if err := s.DropACME(ctx, "state"); err != nil {
		t.Fatal(err)
	}
	for _, value := range [][]byte{[]byte("one"), []byte("two"), {0, 255}} {
		if err := s.KeepACME(ctx, "state", value); err != nil {
			t.Fatal(err)
		}
		got, at, found, err := s.ACME(ctx, "state")
		if err != nil || !found || !bytes.Equal(got, value) || at.IsZero() {
			t.Fatalf("%q, %v, %v, %v", got, at, found, err)
		}
	}
	if err := s.DropACME(ctx, "state"); err != nil {
		t.Fatal(err)
	}
	if _, _, found, err := s.ACME(ctx, "state"); found || err != nil {
		t.Fatalf("found %v, %v after it was dropped", found, err)
	}
}

// The bell of the house rings for domains and settings, whoever changes them.
func TestWatchHouse(t *testing.T) {
	s := newStore(t)
	w := s.WatchHouse()
	defer w.Stop()
	for what, change := range map[string]func() error{
		"domain added":   func() error { return s.AddDomain(t.Context(), "ring.example") },
		"setting set":    func() error { return s.Set(t.Context(), "server.name", "mail.ring.example") },
		"setting unset":  func() error { return s.Unset(t.Context(), "server.name") },
		"another's work": func() error { s.ringAll(); return nil },
	} {
		select {
		case <-w.C:
			t.Fatal("rang before " + what)
		default:
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-w.C:
		default:
			t.Error("did not ring: " + what)
		}
	}
}
