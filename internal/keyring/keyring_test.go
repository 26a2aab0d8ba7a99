package keyring

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"buzon/internal/dkim"
	"buzon/internal/store"
)

// world is a file with a domain, a clock, and a DNS that says what a test puts there.
type world struct {
	Ring
	now       time.Time
	published map[string][]string
	down      bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), published: map[string][]string{}}
	now := func() time.Time { return w.now }
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "home.db"), store.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w.Ring = Ring{Store: st, Now: now, Lookup: w.lookup}
	w.addDomain(t, "muñoz.example")
	return w
}

func (w *world) addDomain(t *testing.T, name string) {
	t.Helper()
	if err := w.Store.AddDomain(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

func (w *world) lookup(_ context.Context, name string) ([]string, error) {
	if w.down || w.published[name] == nil {
		return nil, errors.New("no answer")
	}
	return w.published[name], nil
}

func (w *world) publish(keys []Key) {
	for _, k := range keys {
		w.published[k.Name] = []string{"another text", k.Record}
	}
}

// states are the selectors with their states.
func (w *world) states(t *testing.T) []string {
	t.Helper()
	keys, err := w.Store.DKIMKeys(t.Context(), "muñoz.example")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, k := range keys {
		list = append(list, k.Selector+" "+k.State)
	}
	return list
}

func (w *world) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := w.states(t); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func (w *world) care(t *testing.T) (turned []string) {
	t.Helper()
	if err := w.Care(t.Context(), func(domain string) { turned = append(turned, domain) }); err != nil {
		t.Error(err)
	}
	return turned
}

// The life of two pairs, from the first to the removal.
func TestRotation(t *testing.T) {
	w := newWorld(t)
	if err := w.EnsureKeys(t.Context(), "muñoz.example"); err != nil {
		t.Fatal(err)
	}
	first := []string{"b2026a-ed25519 active", "b2026a-rsa active"}
	w.expect(t, first...)

	// Nothing is made twice.
	if err := w.EnsureKeys(t.Context(), "muñoz.example"); err != nil {
		t.Fatal(err)
	}
	next, err := w.Begin(t.Context(), "muñoz.example")
	if err != nil || len(next) != 2 || next[1].Name != "b2026b-rsa._domainkey.xn--muoz-hqa.example" {
		t.Fatalf("%v: %+v", err, next)
	}
	if again, err := w.Begin(t.Context(), "muñoz.example"); err != nil || len(again) != 2 || again[0].Record != next[0].Record {
		t.Errorf("%v: %+v", err, again)
	}
	waiting := append(first, "b2026b-ed25519 next", "b2026b-rsa next")
	w.expect(t, waiting...)

	// One of two is not enough, nor a record of another key, nor silence.
	w.publish(next[:1])
	w.published[next[1].Name] = []string{next[0].Record}
	if turned := w.care(t); turned != nil {
		t.Errorf("turned %q", turned)
	}
	w.expect(t, waiting...)
	if unseen, err := w.Unseen(t.Context(), "muñoz.example"); err != nil || len(unseen) != 1 || unseen[0].Selector != "b2026b-rsa" {
		t.Errorf("%v: %+v", err, unseen)
	}
	w.publish(next)
	w.down = true
	w.care(t)
	w.expect(t, waiting...)

	// Then it signs.
	w.down = false
	if turned := w.care(t); !slices.Equal(turned, []string{"muñoz.example"}) {
		t.Errorf("turned %q", turned)
	}
	w.expect(t, "b2026b-ed25519 active", "b2026b-rsa active", "b2026a-ed25519 retired", "b2026a-rsa retired")
	signing, err := w.Signing(t.Context(), "muñoz.example")
	if err != nil || len(signing) != 2 || signing[0].Selector != "b2026b-ed25519" {
		t.Errorf("%v: %+v", err, signing)
	}
	if _, err := dkim.NewSigner("muñoz.example", signing); err != nil {
		t.Error(err)
	}

	// The old ones stay published for a week, and go at the next care.
	w.now = w.now.Add(Keep)
	w.care(t)
	if keys, err := w.Keys(t.Context(), "muñoz.example", ""); err != nil || len(keys) != 4 {
		t.Errorf("%v: %+v", err, keys)
	}
	w.now = w.now.Add(time.Second)
	if keys, err := w.Keys(t.Context(), "muñoz.example", ""); err != nil || len(keys) != 2 {
		t.Errorf("%v: %+v", err, keys)
	}
	w.care(t)
	w.expect(t, "b2026b-ed25519 active", "b2026b-rsa active")

	// A name is not given again.
	if next, err := w.Begin(t.Context(), "muñoz.example"); err != nil || next[0].Selector != "b2026c-ed25519" {
		t.Errorf("%v: %+v", err, next)
	}
}

// Keys that were stolen go at once, seen or not.
func TestTurn(t *testing.T) {
	w := newWorld(t)
	if err := w.Turn(t.Context(), "muñoz.example"); !errors.Is(err, store.ErrNoDKIMKey) {
		t.Errorf("%v", err)
	}
	if turned, err := w.TurnSeen(t.Context(), "muñoz.example"); turned || err != nil {
		t.Errorf("%v, %v", turned, err)
	}
	w.care(t)
	if _, err := w.Begin(t.Context(), "muñoz.example"); err != nil {
		t.Fatal(err)
	}
	if err := w.Turn(t.Context(), "muñoz.example"); err != nil {
		t.Error(err)
	}
	w.expect(t, "b2026b-ed25519 active", "b2026b-rsa active", "b2026a-ed25519 retired", "b2026a-rsa retired")
}

// A crash may leave a next pair alone; no domain is without keys for it.
func TestEnsureTakesWhatIsThere(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Begin(t.Context(), "muñoz.example"); err != nil {
		t.Fatal(err)
	}
	w.care(t)
	w.expect(t, "b2026a-ed25519 active", "b2026a-rsa active")
}

// A server that starts and a command make keys at the same time: there is one pair.
func TestTwoAtOnce(t *testing.T) {
	w := newWorld(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := w.EnsureKeys(t.Context(), "muñoz.example"); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	w.expect(t, "b2026a-ed25519 active", "b2026a-rsa active")
}

// All domains are cared for, whatever becomes of one.
func TestCareForAll(t *testing.T) {
	w := newWorld(t)
	w.addDomain(t, "example.org")
	w.care(t)
	bad := store.DKIMKey{Domain: "example.org", Selector: "bad", Algorithm: dkim.RSA, Private: []byte("x"), State: store.KeyNext}
	if err := w.Store.AddDKIMKeys(t.Context(), []store.DKIMKey{bad}); err != nil {
		t.Fatal(err)
	}
	next, err := w.Begin(t.Context(), "muñoz.example")
	if err != nil {
		t.Fatal(err)
	}
	w.publish(next)
	var turned []string
	err = w.Care(t.Context(), func(domain string) { turned = append(turned, domain) })
	if !errors.Is(err, dkim.ErrKey) || !slices.Equal(turned, []string{"muñoz.example"}) {
		t.Errorf("%v, turned %q", err, turned)
	}
	// One that was removed since the list was read is nobody's error.
	if _, err := w.careFor(t.Context(), "gone.example"); !errors.Is(err, store.ErrNoDomain) {
		t.Errorf("%v", err)
	}
}
