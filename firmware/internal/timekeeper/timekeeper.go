// Package timekeeper sets the system's clock, on boards that forget the time when they are switched off.
//
// At the start the clock is put no earlier than what has certainly been: when the program was built, and, as a guess, the
// last time that the card knows of. Then time servers are asked (buzon/internal/clock, of which two must agree), and the
// kernel is told that its clock is right, so that other programs believe it and a clock chip is set as well.
//
// Invariants: a guess never makes an answer of the servers impossible. What is kept on the card is written once a day, and
// only when the time is known.
package timekeeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"buzon/internal/clock"
)

// Keeper looks after the clock. Log is needed.
type Keeper struct {
	Log  *slog.Logger
	File string                                   // its time of change is the last known time; "" keeps none
	Ask  func(context.Context) (time.Time, error) // what time is it; Servers() makes the real one
	Set  func(time.Time) error                    // nil: the system's clock
	Now  func() time.Time                         // nil: the system's clock
	// Network is rung when there may be a network where there was none.
	Network <-chan struct{}

	known atomic.Bool
	kept  time.Time
}

// ErrNobody says that no servers agreed.
var ErrNobody = errors.New("no time server answers")

// Servers asks these, or those of everybody if there are none. One alone is believed: whoever names it wants that.
func Servers(hosts []string, log *slog.Logger) func(context.Context) (time.Time, error) {
	if len(hosts) == 1 {
		hosts = []string{hosts[0], hosts[0]}
	}
	return func(ctx context.Context) (time.Time, error) {
		c := clock.New(clock.Options{Floor: clock.Built(), Servers: hosts, Kept: func() bool { return false }, Log: log})
		if err := c.Ready(ctx); err != nil {
			return time.Time{}, err
		}
		if !c.Known() {
			return time.Time{}, ErrNobody
		}
		return c.Now(), nil
	}
}

// longest is how much later than it was built the program may be started: a guess beyond is of a clock that was wrong.
const longest = 20 * 365 * 24 * time.Hour

// Begin puts the clock forward to the latest of the guesses, if it is before that, and never back.
func (k *Keeper) Begin(built time.Time, guesses ...time.Time) error {
	latest := built
	for _, g := range guesses {
		if g.After(latest) && g.Before(built.Add(longest)) {
			latest = g
		}
	}
	if !k.now().Before(latest) {
		return nil
	}
	if err := k.set(latest); err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	return nil
}

// Known tells whether servers told the time since the start.
func (k *Keeper) Known() bool { return k.known.Load() }

// How often the servers are asked: once they answered, and from and up to which wait until then.
const (
	again     = 6 * time.Hour
	unasked   = 20 * time.Second // without a network
	firstWait = 2 * time.Second
	lastWait  = 10 * time.Minute
)

// Run asks for the time until ctx is over.
func (k *Keeper) Run(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-k.Network:
	case <-time.After(unasked):
	}
	for wait := firstWait; ctx.Err() == nil; {
		next := again
		if err := k.adjust(ctx); err != nil {
			k.Log.Debug("the time is not known yet", "err", err)
			next, wait = wait, min(2*wait, lastWait)
		} else {
			wait = firstWait
		}
		select {
		case <-ctx.Done():
		case <-time.After(next):
		case <-k.Network:
			if !k.Known() {
				wait = firstWait
			}
		}
	}
}

// negligible is not worth a jump of the clock.
const negligible = time.Second

func (k *Keeper) adjust(ctx context.Context) error {
	asked := k.now()
	right, err := k.Ask(ctx)
	if err != nil {
		return err
	}
	if offset := right.Sub(k.now()); offset.Abs() > negligible {
		if err := k.set(right); err != nil {
			return fmt.Errorf("set the clock: %w", err)
		}
		k.Log.Info("set the clock", "from", asked.UTC().Format(time.RFC3339), "to", right.UTC().Format(time.RFC3339))
	}
	if k.Set == nil {
		if err := trusted(); err != nil {
			k.Log.Warn("cannot tell the kernel that its clock is right", "err", err)
		}
	}
	k.known.Store(true)
	k.keep()
	return nil
}

// A day's worth of forgetting costs nothing: the guess is for certificates, which last for weeks.
const keepEvery = 24 * time.Hour

func (k *Keeper) keep() {
	now := k.now()
	if k.File == "" || now.Sub(k.kept).Abs() < keepEvery {
		return
	}
	f, err := os.OpenFile(k.File, os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(os.Chtimes(k.File, now, now), f.Close())
	}
	if err != nil {
		k.Log.Warn("cannot keep the time", "err", err)
		return
	}
	k.kept = now
}

// Kept is the last time that was kept in a file; zero if none was.
func Kept(file string) time.Time {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return time.Time{}
	}
	return info.ModTime()
}

func (k *Keeper) now() time.Time {
	if k.Now != nil {
		return k.Now()
	}
	return time.Now().Round(0)
}

func (k *Keeper) set(t time.Time) error {
	if k.Set != nil {
		return k.Set(t)
	}
	tv := unix.NsecToTimeval(t.UnixNano())
	return unix.Settimeofday(&tv)
}

// trusted tells the kernel that its clock is right within a second: programs that ask it believe it for some hours, and it
// sets the clock chip, if there is one.
func trusted() error {
	const error = 500_000 // microseconds
	_, err := unix.Adjtimex(&unix.Timex{Modes: unix.ADJ_STATUS | unix.ADJ_MAXERROR | unix.ADJ_ESTERROR, Maxerror: error, Esterror: error})
	return err
}
