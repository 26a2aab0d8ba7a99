package claim

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"buzon/internal/store"
)

// The first domain makes the owner, who stays it; whoever waits for that hears of it.
func TestOwner(t *testing.T) {
	t.Parallel()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "home.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	log := slog.New(slog.DiscardHandler)
	o := NewOwner(st, false, log)
	if o.Known() || !NewOwner(st, true, log).Known() {
		t.Error("known at first")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Await(over); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	came := make(chan error, 1)
	go func() { came <- o.Await(ctx) }()
	if err := st.AddDomain(t.Context(), "example.org"); err != nil {
		t.Fatal(err)
	}
	if err := <-came; err != nil || !o.Known() {
		t.Errorf("%v, known %v", err, o.Known())
	}
	if err := st.RemoveDomain(t.Context(), "example.org"); err != nil {
		t.Fatal(err)
	}
	if !o.Known() || o.Await(over) != nil || NewOwner(st, false, log).Known() {
		t.Error("whoever took the last domain away is the owner until the next start")
	}
}

// Nobody has to ask whether there is a code.
func TestNoCode(t *testing.T) {
	t.Parallel()
	if code := (*Claim)(nil).Code(); code != "" {
		t.Error(code)
	}
}
