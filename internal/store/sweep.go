package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
)

// Removing a body costs as much as writing it, so expunging only puts it on the
// dead list, and the sweeper does the rest in small transactions between which
// deliveries go on. All of them are lazy: what a power cut undoes is done again.
const (
	sliceBodies   = 100                  // dead bodies a transaction
	sliceChunks   = 32                   // chunks of them a transaction: 4 MB
	sliceMessages = 500                  // messages of removed mailboxes a transaction
	slicePause    = 5 * time.Millisecond // between transactions, for who waits

	// sweepDelay is how long the sweeper lets dead bodies gather. Sending and
	// POP3 leave them one by one, and each sweep is a transaction.
	sweepDelay = 100 * time.Millisecond
)

// sweeper is the goroutine that removes dead bodies and the messages of removed
// mailboxes when its bell rings.
type sweeper struct {
	bell  chan struct{}
	ctx   context.Context
	end   context.CancelFunc
	ended chan struct{}
}

func newSweeper() *sweeper {
	ctx, end := context.WithCancel(context.Background())
	return &sweeper{bell: make(chan struct{}, 1), ctx: ctx, end: end, ended: make(chan struct{})}
}

func (w *sweeper) wake() {
	select {
	case w.bell <- struct{}{}:
	default: // already rung
	}
}

// wakeFor rings the bells if another process left something to remove, to index or to learn.
func (s *Store) wakeFor(c *sqlite.Conn) {
	s.indexer.wake()
	n, err := number(c, "SELECT EXISTS (SELECT 1 FROM dead) OR EXISTS (SELECT 1 FROM gone)")
	if err != nil {
		s.log.Error("looking for what is dead failed", "err", err)
	}
	if n != 0 {
		s.sweeper.wake()
	}
	if n, err = number(c, "SELECT EXISTS (SELECT 1 FROM junk_pending)"); err != nil {
		s.log.Error("looking for what is to be learned failed", "err", err)
	}
	if n != 0 {
		s.trainer.wake()
	}
}

// stop ends the goroutine after its slice; what is left the next Open finds.
func (w *sweeper) stop() {
	w.end()
	<-w.ended
}

func (s *Store) runSweeper() {
	w := s.sweeper
	defer close(w.ended)
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.bell:
		}
		if pause(w.ctx, sweepDelay) != nil {
			return
		}
		if err := s.sweep(w.ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.log.Error("removing what is dead failed", "err", err)
		}
	}
}

// sweep removes all there is to remove. First the messages: they leave dead bodies.
func (s *Store) sweep(ctx context.Context) error {
	if err := s.slices(ctx, sweepGone); err != nil {
		return fmt.Errorf("store: sweep removed mailboxes: %w", err)
	}
	if err := s.slices(ctx, sweepDead); err != nil {
		return fmt.Errorf("store: sweep dead bodies: %w", err)
	}
	return nil
}

// slices runs slice in a transaction of its own each time until nothing more is to be done.
func (s *Store) slices(ctx context.Context, slice func(tx *tx) (more bool, err error)) error {
	for {
		more := false
		err := s.writeLazy(ctx, func(tx *tx) (err error) {
			more, err = slice(tx)
			return err
		})
		if err != nil || !more {
			return err
		}
		if err := pause(ctx, slicePause); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sweepGone removes some messages of a removed mailbox, or what else is left of one.
func sweepGone(tx *tx) (more bool, err error) {
	box, err := number(tx.Conn, "SELECT mailbox FROM gone LIMIT 1")
	if err != nil || box == 0 {
		return false, err
	}
	bodies, last, err := nextMessages(tx.Conn, box)
	if err != nil {
		return false, err
	}
	if len(bodies) == 0 {
		return true, sweepMailbox(tx, box)
	}
	for _, body := range bodies {
		if err := dropBody(tx, body); err != nil {
			return false, err
		}
	}
	return true, run(tx.Conn, "DELETE FROM msg WHERE mailbox = ? AND uid <= ?", box, last)
}

func nextMessages(c *sqlite.Conn, box int64) (bodies []BodyID, last int64, err error) {
	err = query(c, "SELECT uid, body FROM msg WHERE mailbox = ? ORDER BY uid LIMIT ?", func(st *sqlite.Stmt) error {
		last = st.ColumnInt64(0)
		bodies = append(bodies, BodyID(st.ColumnInt64(1)))
		return nil
	}, box, sliceMessages)
	return bodies, last, err
}

func sweepMailbox(tx *tx, box int64) error {
	for _, sql := range []string{
		"DELETE FROM vanished WHERE mailbox = ?",
		"DELETE FROM keyword WHERE mailbox = ?",
		"DELETE FROM gone WHERE mailbox = ?",
	} {
		if err := run(tx.Conn, sql, box); err != nil {
			return err
		}
	}
	return nil
}

// sweepDead removes some dead bodies, or some chunks of a large one.
func sweepDead(tx *tx) (more bool, err error) {
	var dead []BodyID
	err = query(tx.Conn, "SELECT body FROM dead ORDER BY body LIMIT ?+0", func(st *sqlite.Stmt) error {
		dead = append(dead, BodyID(st.ColumnInt64(0)))
		return nil
	}, sliceBodies)
	if err != nil {
		return false, err
	}
	room := sliceChunks
	for _, body := range dead {
		n, err := sweepChunks(tx, body, room)
		if err != nil {
			return false, err
		}
		if room -= n; room <= 0 {
			return true, nil // there may be more of this one
		}
		if err := run(tx.Conn, "DELETE FROM body WHERE id = ?", int64(body)); err != nil {
			return false, err
		}
		if err := run(tx.Conn, "DELETE FROM dead WHERE body = ?", int64(body)); err != nil {
			return false, err
		}
	}
	return len(dead) == sliceBodies, nil
}

// sweepChunks removes at most room chunks of a body and tells how many.
func sweepChunks(tx *tx, body BodyID, room int) (int, error) {
	lo, hi := chunkRange(body)
	err := run(tx.Conn, `DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?+0)`, lo, hi, int64(room))
	return tx.Changes(), err
}

// sweepStaging hands what never became a message to the sweeper. It is for
// Open, while no other process has the file.
func sweepStaging(c *sqlite.Conn) error {
	found, err := queryRow(c, "SELECT 1 FROM staging", nil)
	if err != nil || !found {
		return err // nothing is written for a look
	}
	if err := exec(c, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = exec(c, "INSERT INTO dead(body) SELECT body FROM staging WHERE true ON CONFLICT DO NOTHING")
	if err == nil {
		err = exec(c, "DELETE FROM staging")
	}
	if err != nil {
		_ = exec(c, "ROLLBACK") // the error that counts is the first
		return fmt.Errorf("sweep staging: %w", err)
	}
	return exec(c, "COMMIT")
}
