package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"buzon/internal/uidset"
)

// Care does what must be done now and then: it removes mail that POP3 fetched
// long ago, what was remembered of sending and has had its time, what is dead, and
// threads without messages, merges old ranges of what vanished, and gives pages back to the file system. All of it in
// slices, so that it may run at any time, and it stops with ctx.
// The owner calls it nightly.
//
// There is no ANALYZE in it, nor PRAGMA optimize: every statement here goes by a
// primary key or the one index that fits, and once there are samples (STAT4)
// SQLite compiles a statement anew for every value bound to it: a look-up of 10 µs took 119.
func (s *Store) Care(ctx context.Context) error {
	steps := []func(context.Context) error{s.expire, s.forgetSending, s.forgetHistory, s.forgetDestinations, s.forgetGate, s.forgetFigures, s.sweep, s.mergeVanished, s.forgetJunk, s.tidyIndex, s.giveBack}
	if s.now().Weekday() == time.Sunday { // it reads all of msg and mid, for little
		steps = append(steps, s.forgetThreads)
	}
	var errs []error
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if err := step(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// expire removes from the inboxes what POP3 fetched, "pop3.keep-days" after its arrival.
func (s *Store) expire(ctx context.Context) error {
	days := s.Settings().POP3KeepDays
	if days == 0 {
		return nil
	}
	before := s.now().AddDate(0, 0, -days)
	boxes, err := s.inboxes(ctx)
	if err != nil {
		return fmt.Errorf("store: expire: %w", err)
	}
	for _, box := range boxes {
		if err := s.expireMailbox(ctx, box, before); err != nil {
			return fmt.Errorf("store: expire: %w", err)
		}
	}
	return nil
}

func (s *Store) inboxes(ctx context.Context) (boxes []MailboxID, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		return query(c, "SELECT id FROM mailbox WHERE name = ?", func(st *sqlite.Stmt) error {
			boxes = append(boxes, MailboxID(st.ColumnInt64(0)))
			return nil
		}, inbox)
	})
	return boxes, err
}

func (s *Store) expireMailbox(ctx context.Context, box MailboxID, before time.Time) error {
	for {
		old, err := s.fetchedBefore(ctx, box, before)
		if err != nil || old.Len() == 0 {
			return err
		}
		gone, err := s.Expunge(ctx, box, old, true)
		if err != nil || gone.Len() == 0 {
			return err
		}
		if err := pause(ctx, slicePause); err != nil {
			return err
		}
	}
}

func (s *Store) fetchedBefore(ctx context.Context, box MailboxID, before time.Time) (uidset.Set, error) {
	var old uidset.Builder
	err := s.read(ctx, func(c *sqlite.Conn) error {
		return query(c, "SELECT uid FROM msg WHERE mailbox = ? AND flags & ? <> 0 AND idate < ? ORDER BY uid LIMIT ?", func(st *sqlite.Stmt) error {
			old.Add(uint32(st.ColumnInt64(0)))
			return nil
		}, box, Fetched, before, sliceMessages)
	})
	return old.Set(), err
}

const (
	// keepFree pages stay in the file, and an eighth of it: they serve the next
	// mail, and giving one back means writing another in its place.
	keepFree   = 1024 // pages: 2 MB
	freeShare  = 8
	slicePages = 256 // pages a transaction: 512 KB
)

// giveBack gives free pages beyond that back to the file system.
func (s *Store) giveBack(ctx context.Context) error {
	err := s.slices(ctx, func(tx *tx) (more bool, err error) {
		free, err := number(tx.Conn, "PRAGMA freelist_count")
		if err != nil {
			return false, err
		}
		pages, err := number(tx.Conn, "PRAGMA page_count")
		if err != nil || free-max(keepFree, pages/freeShare) < slicePages {
			return false, err
		}
		return true, sqlitex.ExecuteTransient(tx.Conn, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", slicePages), nil)
	})
	if err != nil {
		return fmt.Errorf("store: give pages back: %w", err)
	}
	return nil
}
