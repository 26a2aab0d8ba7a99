package slot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"buzon/firmware/internal/owned"
	"buzon/internal/update"
)

// record is the file State. Apply writes it before a trial, Confirm and GoBack after one, and Open when a trial has ended
// without either. Nothing but words depends on it.
type record struct {
	Outcome *update.Outcome `json:"outcome,omitempty"`
	Target  Name            `json:"target,omitempty"` // the slot of that update
	Other   string          `json:"other,omitempty"`  // version in the slot that does not run
}

// maxRecord is larger than any record.
const maxRecord = 16 << 10 // octets

// settle says how a trial ended. The slot that does not run any more has the other version.
func (r *record) settle(result, reason string, now time.Time) {
	if r.Outcome == nil {
		return
	}
	o := *r.Outcome
	o.Result, o.Reason, o.At = result, reason, now.UTC()
	r.Outcome = &o
	if r.Other = o.Version; result == update.OutcomeConfirmed {
		r.Other = o.From
	}
}

// look reads the record and compares it with what runs.
func (s *Slots) look() error {
	b, err := owned.Read(s.o.State, maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	var r record
	if err := json.Unmarshal(b, &r); err != nil { // a file that nobody needs; the next update writes a new one
		return fmt.Errorf("slot: %s: %w", s.o.State, err)
	}
	s.record = r
	if r.Outcome == nil || r.Outcome.Result != update.OutcomeWritten {
		return nil
	}
	switch {
	case s.trial:
		o := *r.Outcome
		o.Result, o.At = update.OutcomeTrial, s.o.Now().UTC()
		s.record.Outcome, s.record.Other = &o, o.From // not kept: how it ends will be
		return nil
	case s.running == r.Target: // confirmed, and the power went before that was written here
		return s.note(func(r *record) { r.settle(update.OutcomeConfirmed, "", s.o.Now()) })
	}
	return s.note(func(r *record) { r.settle(update.OutcomeBack, "", s.o.Now()) })
}

// note changes the record, on the card first.
func (s *Slots) note(change func(*record)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.record
	change(&r)
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	if err := owned.Write(s.o.State, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	if err := syncFolder(filepath.Dir(s.o.State)); err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	s.record = r
	return nil
}

// syncFolder lets a new name survive a power cut.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
