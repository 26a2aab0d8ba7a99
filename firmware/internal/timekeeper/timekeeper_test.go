package timekeeper

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// board has a clock that starts anywhere and goes on.
type board struct {
	offset time.Duration
	sets   int
}

func (b *board) now() time.Time { return time.Now().Add(b.offset) }

func (b *board) set(t time.Time) error {
	b.offset, b.sets = time.Until(t), b.sets+1
	return nil
}

func (b *board) keeper() *Keeper {
	return &Keeper{Log: slog.New(slog.DiscardHandler), Now: b.now, Set: b.set}
}

// The clock goes forward to the latest time that has certainly been, and never back.
func TestBegin(t *testing.T) {
	built := day("2026-11-22")
	for what, c := range map[string]struct {
		clock, want string
		guesses     []time.Time
	}{
		"no clock":                    {"1970-01-01", "2026-11-22", nil},
		"no clock, a card of later":   {"1970-01-01", "2027-02-03", []time.Time{day("2027-02-03"), day("2027-01-01")}},
		"no clock, a card of before":  {"1970-01-01", "2026-11-22", []time.Time{day("2020-01-01"), {}}},
		"a card that cannot be right": {"1970-01-01", "2026-11-22", []time.Time{day("2099-01-01")}},
		"a clock that may be right":   {"2027-05-05", "2027-05-05", []time.Time{day("2027-02-03")}},
	} {
		b := &board{offset: time.Until(day(c.clock))}
		if err := b.keeper().Begin(built, c.guesses...); err != nil {
			t.Fatal(err)
		}
		if got := b.now(); got.Sub(day(c.want)).Abs() > time.Second {
			t.Errorf("%s: it is %v", what, got)
		}
	}
}

// Servers are asked until they answer, sooner when there is a network, and then now and then; the time is kept once a day.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clock")
	synctest.Test(t, func(t *testing.T) {
		b, network := &board{offset: time.Until(day("1970-01-01"))}, make(chan struct{}, 1)
		k := b.keeper()
		var answers atomic.Bool
		var asked atomic.Int32
		k.File, k.Network = file, network
		k.Ask = func(context.Context) (time.Time, error) {
			asked.Add(1)
			if !answers.Load() {
				return time.Time{}, ErrNobody
			}
			return time.Now(), nil // the true time, in here
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); k.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if asked.Load() < 5 || asked.Load() > 12 || k.Known() || b.sets != 0 {
			t.Errorf("asked %d times, known %v, set %d times", asked.Load(), k.Known(), b.sets)
		}
		answers.Store(true)
		network <- struct{}{}
		synctest.Wait()
		if !k.Known() || time.Until(b.now()).Abs() > negligible {
			t.Errorf("known %v, it is %v", k.Known(), b.now())
		}
		asked.Store(0)
		time.Sleep(48*time.Hour + time.Minute)
		synctest.Wait()
		if asked.Load() != 8 || b.sets != 1 {
			t.Errorf("asked %d times in two days, set %d times", asked.Load(), b.sets)
		}
		if kept := Kept(file); time.Since(kept) > 2*time.Minute+24*time.Hour || time.Since(kept) < 0 {
			t.Errorf("kept is %v, it is %v", kept, time.Now())
		}
		cancel()
		<-ended
	})
}

func TestKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clock")
	if !Kept(file).IsZero() {
		t.Error("nothing was kept")
	}
	if err := os.Symlink("/etc/passwd", file); err != nil {
		t.Fatal(err)
	}
	if !Kept(file).IsZero() {
		t.Error("that is not ours")
	}
}

// Nobody who answers is an error, and no time.
func TestServers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if now, err := Servers([]string{"127.0.0.1:9"}, slog.New(slog.DiscardHandler))(ctx); !errors.Is(err, ErrNobody) {
		t.Errorf("%v %v", now, err)
	}
}
