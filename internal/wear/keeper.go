package wear

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"buzon/internal/store"
)

// Options are what a Keeper works with.
type Options struct {
	Store *store.Store
	Path  string // the one file
	Now   func() time.Time
	Log   *slog.Logger

	// Test seams: where the kernel counts; "" is where it does.
	ProcIO, SysBlock string
}

// Keeper notes a sample a day.
type Keeper struct {
	Options
	mu   sync.Mutex
	last counters // at the last sample
}

// counters are totals in octets.
type counters struct{ written, device int64 }

// New makes a Keeper. What is written from here on counts.
func New(o Options) *Keeper {
	if o.ProcIO == "" {
		o.ProcIO = procIO
	}
	if o.SysBlock == "" {
		o.SysBlock = sysBlock
	}
	k := &Keeper{Options: o}
	k.last = k.count()
	return k
}

func (k *Keeper) count() counters {
	return counters{written(k.ProcIO), taken(device(k.SysBlock, k.Path))}
}

// since is what was written since the last sample. A counter that is lower than before began anew.
func (k *Keeper) since(now counters) (written, device int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	written, device = now.written-k.last.written, now.device-k.last.device
	if written < 0 {
		written = now.written
	}
	if device < 0 || k.last.device == 0 {
		device = 0 // a card that was changed while we ran, or that began to tell
	}
	return written, device
}

// firstSample is when a server is no longer about to be stopped again, and its clock is right.
const firstSample = time.Minute

// Run notes a sample soon, at the end of each day, and when ctx is over.
func (k *Keeper) Run(ctx context.Context) { loop(ctx, k.Now, k.note) }

func loop(ctx context.Context, now func() time.Time, note func(context.Context)) {
	wait := firstSample
	for begun := false; ; begun = true {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			note(ctx)
		case <-ctx.Done():
			timer.Stop()
			if begun {
				note(context.WithoutCancel(ctx))
			}
			return
		}
		wait = untilEvening(now())
	}
}

// note is Sample for a loop.
func (k *Keeper) note(ctx context.Context) {
	if err := k.Sample(ctx); err != nil && ctx.Err() == nil {
		k.Log.Warn("cannot keep the figures of the disk", "err", err)
	}
}

// untilEvening is how long it is to the last minute of the day, whose sample is the day's.
func untilEvening(now time.Time) time.Duration {
	now = now.UTC()
	evening := time.Date(now.Year(), now.Month(), now.Day(), 23, 59, 0, 0, time.UTC)
	if !now.Before(evening) {
		evening = evening.AddDate(0, 0, 1)
	}
	return evening.Sub(now)
}

// Sample notes how things are now.
func (k *Keeper) Sample(ctx context.Context) error {
	space, err := Measure(k.Path)
	if err != nil {
		return err
	}
	now := k.count()
	f := store.Figure{Day: k.Now().UTC().Format(time.DateOnly), Used: space.Used, Free: space.Free, File: space.File}
	f.Written, f.Device = k.since(now)
	if err := k.Store.AddFigure(ctx, f); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last = now
	return nil
}

// Report is Read with what was not noted yet.
func (k *Keeper) Report(ctx context.Context) (Report, error) {
	r, err := read(ctx, k.Store, k.Path, k.Now(), k.SysBlock)
	if err != nil {
		return r, err
	}
	unnoted, _ := k.since(k.count())
	r.Today += unnoted
	return r, nil
}
