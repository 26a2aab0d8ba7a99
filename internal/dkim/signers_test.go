package dkim

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSigners(t *testing.T) {
	old := pair(t)
	next, err := NewPair("b2026b")
	if err != nil {
		t.Fatal(err)
	}
	now := old
	var mu sync.Mutex
	signers := Signers{Keys: func(_ context.Context, domain string) ([]Key, error) {
		mu.Lock()
		defer mu.Unlock()
		if domain != "example.org" {
			return nil, nil
		}
		return now, nil
	}}
	get := func() *Signer {
		s, err := signers.Signer(t.Context(), "example.org")
		if err != nil {
			t.Error(err)
		}
		return s
	}
	first := get()
	if get() != first {
		t.Error("keys are parsed for every message")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { sign(t, get(), letter) })
	}
	all.Wait()
	mu.Lock()
	now = next
	mu.Unlock()
	if mail := sign(t, get(), letter) + letter; !valid(t, mail, "example.org", next) {
		t.Error("the new keys are not used")
	}
	if _, err := signers.Signer(t.Context(), "example.net"); !errors.Is(err, ErrNoKeys) {
		t.Errorf("%v", err)
	}
}

func TestSignersSign(t *testing.T) {
	keys := pair(t)
	giveUp := 30 * 24 * time.Hour
	signers := Signers{
		Keys: func(_ context.Context, domain string) ([]Key, error) {
			switch domain {
			case "example.org":
				return keys, nil
			case "broken.example":
				return nil, errors.New("disk")
			}
			return nil, nil
		},
		Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	}
	mail := io.NewSectionReader(strings.NewReader(letter), 0, int64(len(letter)))
	for _, c := range []struct{ domain, want string }{
		{"example.org", "t=1800000000; x=1800604800;"}, // a week
		{"example.net", ""},
	} {
		fields, err := signers.Sign(t.Context(), c.domain, mail)
		if err != nil || !strings.Contains(string(fields), c.want) || c.want == "" && fields != nil {
			t.Errorf("%s: %v: %s", c.domain, err, fields)
		}
	}
	signers.GiveUp = func() time.Duration { return giveUp }
	if fields, err := signers.Sign(t.Context(), "example.org", mail); err != nil || !strings.Contains(string(fields), "x=1802764800;") { // 32 days
		t.Errorf("%v: %s", err, fields)
	}
	if _, err := signers.Sign(t.Context(), "broken.example", mail); err == nil {
		t.Error("no error")
	}
}
