package slot

import (
	"context"
	"errors"
	"fmt"
	"io"

	"buzon/internal/update"
)

// Apply verifies an update, writes it into the other slot, and tells the loader to try that at the next start, for which
// RebootArgument is needed. It returns one of package update's errors, or ctx's; the next start is then what it would have
// been.
func (s *Slots) Apply(ctx context.Context, r io.Reader, force bool, tell func(update.Progress)) error {
	if !s.writing.TryLock() {
		return update.ErrBusy
	}
	defer s.writing.Unlock()
	if s.Trial() {
		return update.ErrTrial
	}
	f, err := update.Open(untilDone{ctx, r}, s.o.Key)
	if err != nil {
		return err
	}
	if err := f.Check(s.o.Board, s.o.Version, force); err != nil {
		return err
	}
	if s.o.Room != nil {
		if err := s.o.Room(f.Header); err != nil {
			return err
		}
	}
	return s.put(ctx, f, tell)
}

// put is Apply after all that can be known beforehand.
func (s *Slots) put(ctx context.Context, f *update.File, tell func(update.Progress)) error {
	target := s.running.Other()
	if err := s.note(func(r *record) { r.Other = "" }); err != nil {
		return err
	}
	w := &writer{tell: func(step string, octets, total int64) {
		tell(update.Progress{Step: step, Version: f.Version, Octets: octets, Total: total})
	}}
	if err := w.write(ctx, s.o.Device(target), f); err != nil {
		return err
	}
	err := s.note(func(r *record) {
		r.Other, r.Target = f.Version, target
		r.Outcome = &update.Outcome{Version: f.Version, From: s.o.Version, Result: update.OutcomeWritten, At: s.o.Now().UTC()}
	})
	if err != nil {
		return err
	}
	if err := s.writable(func() error { return s.loader.try(target) }); err != nil {
		return err
	}
	tell(update.Progress{Step: update.StepRestarting, Version: f.Version, Octets: f.Image, Total: f.Image})
	return nil
}

// RebootArgument is that of the restart after Apply: it is "0 tryboot" on a Raspberry Pi.
func (s *Slots) RebootArgument() string { return s.loader.rebootArgument() }

// Confirm lets the running slot be the one that is started from now on.
func (s *Slots) Confirm() error {
	if !s.Trial() {
		return nil
	}
	if err := s.writable(func() error { return s.loader.confirm(s.running) }); err != nil {
		return err
	}
	s.mu.Lock()
	s.trial = false
	s.mu.Unlock()
	return s.note(func(r *record) { r.settle(update.OutcomeConfirmed, "", s.o.Now()) })
}

// GoBack gives a trial up and notes why. The next restart is of the version from before, also where the loader's own crossing
// out has not reached the card.
func (s *Slots) GoBack(reason string) error {
	if !s.Trial() {
		return nil
	}
	return errors.Join(
		s.writable(func() error { return s.loader.confirm(s.running.Other()) }),
		s.note(func(r *record) { r.settle(update.OutcomeBack, reason, s.o.Now()) }))
}

// writable has the first partition writable for as long as something is written there.
func (s *Slots) writable(write func() error) error {
	if err := s.o.Remount(true); err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	err := write()
	if back := s.o.Remount(false); err == nil {
		err = back
	}
	if err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	return nil
}
