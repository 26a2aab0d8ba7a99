package store

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Which file a server begins on, what is there after it, and when it looks again.
func TestBeginOnNewest(t *testing.T) {
	broken := errors.New("cannot begin")
	for name, tt := range map[string]struct {
		wanted, held bool
		fail         int // how often begin fails
		err          error
		look         []time.Duration // each begin
		there        string
		staged       bool // it waits for another start
	}{
		"nothing waits":               {look: []time.Duration{0}, there: "old.example"},
		"nothing waits, and it fails": {fail: 1, err: broken, look: []time.Duration{0}, there: "old.example"},
		"one waits":                   {wanted: true, look: []time.Duration{0}, there: "new.example"},
		"it cannot begin":             {wanted: true, fail: 1, look: []time.Duration{0, 0}, there: "old.example"},
		"neither can":                 {wanted: true, fail: 2, err: broken, look: []time.Duration{0, 0}, there: "old.example", staged: true},
		"others hold the old one":     {wanted: true, held: true, look: []time.Duration{takeAgain}, there: "old.example", staged: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := houseOf(t, t.TempDir(), "old.example")
			if tt.wanted {
				wanted(t, path)
			}
			if tt.held {
				other, err := Open(t.Context(), path, Options{})
				check(t, err)
				defer other.Close()
			}
			var looks []time.Duration
			err := BeginOnNewest(t.Context(), path, slog.New(slog.DiscardHandler), func(look time.Duration) error {
				looks = append(looks, look)
				if len(looks) <= tt.fail {
					return broken
				}
				return nil
			})
			if !errors.Is(err, tt.err) || !slices.Equal(looks, tt.look) || Staged(path) != tt.staged {
				t.Errorf("%v, began with %v, staged %v", err, looks, Staged(path))
			}
			if got := domainOf(t, path); got != tt.there {
				t.Errorf("there is %s", got)
			}
		})
	}
}

// Whoever gives up the start has not found out that the new file is bad: it stays.
func TestBeginGivenUp(t *testing.T) {
	t.Parallel()
	path := houseOf(t, t.TempDir(), "old.example")
	wanted(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	begun := 0
	err := BeginOnNewest(ctx, path, slog.New(slog.DiscardHandler), func(time.Duration) error {
		begun++
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || begun != 1 || domainOf(t, path) != "new.example" {
		t.Errorf("%v, begun %d times", err, begun)
	}
}

func TestAwaitStaged(t *testing.T) {
	t.Parallel()
	path := houseOf(t, t.TempDir(), "old.example")
	staged := houseOf(t, t.TempDir(), "new.example")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := AwaitStaged(ctx, path, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nothing waits: %v", err)
		}
		check(t, rename(staged, path+stagedEnd))
		for wait, want := range map[time.Duration]time.Duration{0: lookEvery, takeAgain: takeAgain} {
			begin := time.Now()
			if err := AwaitStaged(t.Context(), path, wait); err != nil || time.Since(begin) != want {
				t.Errorf("%v: seen after %v: %v", wait, time.Since(begin), err)
			}
		}
	})
}
