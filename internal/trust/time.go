package trust

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"buzon/internal/clock"
)

// noteTime is the store's note of a time that certainly was.
const noteTime = "clock.last"

// Clock is the clock of an appliance.
type Clock = clock.Clock

// NewClock makes one that is never before this program was built.
func NewClock(log *slog.Logger) *Clock {
	return clock.New(clock.Options{Floor: clock.Built(), Log: log})
}

// raiseClock tells the clock the last time that the file knows of: it is later than that.
func (t *Trust) raiseClock(ctx context.Context) error {
	if t.Clock == nil {
		return nil
	}
	text, _, found, err := t.Store.Noted(ctx, noteTime)
	if err != nil || !found {
		return err
	}
	last, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("the time kept in the file: %w", err)
	}
	t.Clock.Raise(last)
	return nil
}

// ready finds out the time.
func (t *Trust) ready(ctx context.Context) error {
	if t.Clock == nil {
		return nil
	}
	if err := t.Clock.Ready(ctx); err != nil {
		return err
	}
	return t.keepTime(ctx)
}

// keepEvery is how old the time kept may become: a certificate is valid for many days, and each time is a write.
const keepEvery = 20 * time.Hour

// keepTime writes the time down, if it is known: one that is only guessed could be years ahead, for ever.
func (t *Trust) keepTime(ctx context.Context) error {
	if t.Clock == nil || !t.Clock.Known() {
		return nil
	}
	now := t.Clock.Now().UTC()
	text, _, found, err := t.Store.Noted(ctx, noteTime)
	if err != nil {
		return err
	}
	if last, err := time.Parse(time.RFC3339, text); found && err == nil && now.Sub(last) < keepEvery {
		return nil
	}
	return t.Store.Note(ctx, noteTime, now.Format(time.RFC3339))
}
