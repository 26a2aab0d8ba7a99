package login

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"buzon/internal/config"
	"buzon/internal/store"
)

// The secret behind false salts outlives the door, or it would tell who exists; the guard is as the limits say.
func TestNew(t *testing.T) {
	t.Parallel()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "home.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	limits := config.DefaultLimits()
	limits.LoginsFree, limits.LoginDelay = 7, 3*time.Second
	o := Options{Store: st, Limits: limits, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	first, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	second, err := New(t.Context(), o)
	if err != nil || len(first.FakeKey) != 32 || bytes.Equal(first.FakeKey, make([]byte, 32)) || !bytes.Equal(first.FakeKey, second.FakeKey) {
		t.Errorf("%x, then %x: %v", first.FakeKey, second.FakeKey, err)
	}
	if g := first.Guard; g.Free != 7 || g.Base != 3*time.Second || g.Max != limits.LoginDelayMax || g.HalfLife != limits.LoginForget ||
		g.Trust != limits.LoginTrust || g.Entries != limits.LoginEntries || g.Now == nil {
		t.Errorf("%+v", g)
	}
}
