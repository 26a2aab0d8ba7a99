package store

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// maxGroup is how many requests share a commit at most. More would not
	// write less (64 clients: 14 KB a message, 32: 15) and would wait longer.
	maxGroup = 128 // requests

	// groupTime ends a group even while more requests wait, so that those at
	// its start are not kept waiting by heavy ones behind them.
	groupTime = 20 * time.Millisecond
)

// runGroup runs first and whatever else waits in one transaction, and answers
// all. It returns a request that it took but that must begin a group of its own.
func (s *Store) runGroup(first *request) (next *request) {
	w := s.writer
	w.group = append(w.group[:0], first)
	if err := w.begin(first.lazy); err != nil {
		w.takeAll()
		w.answer(fmt.Errorf("store: begin: %w", err))
		return nil
	}
	if w.run(first, false, s.now()); w.conn.AutocommitEnabled() {
		w.answer(nil) // first failed and took the transaction with it
		return nil
	}
	next = w.runMore(s.now)
	err := w.commit()
	if err == nil {
		s.committed()
	}
	w.answer(err)
	return next
}

// runMore adds the requests that wait already, and waits for none.
func (w *writer) runMore(now func() time.Time) (next *request) {
	end := time.Now().Add(groupTime)
	lazy := w.group[0].lazy
	for len(w.group) < maxGroup {
		select {
		case r, ok := <-w.requests:
			if !ok {
				return nil
			}
			if lazy && !r.lazy {
				return r // it needs a commit of the other kind
			}
			w.group = append(w.group, r)
			if w.run(r, true, now()); w.conn.AutocommitEnabled() {
				return nil
			}
		default:
			return nil
		}
		if time.Now().After(end) {
			return nil
		}
	}
	return nil
}

// takeAll adds to the group what waits, unrun.
func (w *writer) takeAll() {
	for {
		select {
		case r, ok := <-w.requests:
			if ok {
				w.group = append(w.group, r)
				continue
			}
		default:
		}
		return
	}
}

// run runs one request; its failure undoes its own part. The first of a group
// needs no savepoint: when it fails, the transaction is rolled back whole.
func (w *writer) run(r *request, savepoint bool, now time.Time) {
	if r.err = r.ctx.Err(); r.err != nil {
		if !savepoint {
			w.rollback()
		}
		return
	}
	if savepoint {
		if r.err = exec(w.conn, "SAVEPOINT r"); r.err != nil {
			return
		}
	}
	r.tx.Conn, r.tx.now, r.tx.limits = w.conn, now, w.limits
	if r.err = w.call(r); r.err != nil {
		r.tx.after, r.tx.touched, r.tx.litters, r.tx.queues, r.tx.teaches = nil, r.tx.touched[:0], false, false, false
	}
	w.endPart(r.err, savepoint)
}

// endPart ends the part of one request after f returned err. A statement that f
// forgot in mid-row would keep the commit's snapshot open, so all are reset.
func (w *writer) endPart(err error, savepoint bool) {
	if err != nil {
		w.conn.SetInterrupt(nil) // resets what is busy
	}
	switch {
	case w.conn.AutocommitEnabled(): // SQLite itself rolled back: disk full, I/O error
	case savepoint && err != nil:
		w.must(exec(w.conn, "ROLLBACK TO r"))
		w.must(exec(w.conn, "RELEASE r"))
	case savepoint:
		w.must(exec(w.conn, "RELEASE r"))
	case err != nil:
		w.rollback()
	}
}

// must rolls everything back when undoing or releasing a part failed: better
// all of the group fail than that one is kept half.
func (w *writer) must(err error) {
	if err != nil {
		w.rollback()
	}
}

// call runs f and turns a panic into an error, so that the writer lives on.
func (w *writer) call(r *request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: panic in a write: %v\n%s", p, debug.Stack())
		}
	}()
	return r.f(&r.tx)
}

func (w *writer) begin(lazy bool) error {
	if lazy != w.lazy {
		if err := w.synchronous(lazy); err != nil {
			return err
		}
		w.lazy = lazy
	}
	return exec(w.conn, "BEGIN IMMEDIATE")
}

// synchronous switches between FULL and NORMAL. SQLite does it while it
// compiles the statement, so a cached one would do nothing.
func (w *writer) synchronous(lazy bool) error {
	level := "FULL"
	if lazy {
		level = "NORMAL"
	}
	return sqlitex.ExecuteTransient(w.conn, "PRAGMA synchronous="+level, nil)
}

// errRolledBack is the answer to those whose work was undone by another's I/O error in the same group.
var errRolledBack = errors.New("store: the shared transaction was rolled back")

func (w *writer) commit() error {
	if w.conn.AutocommitEnabled() {
		return errRolledBack
	}
	w.conn.SetInterrupt(nil) // resets what a request forgot in mid-row
	err := exec(w.conn, "COMMIT")
	if err != nil {
		w.rollback()
		return fmt.Errorf("store: commit: %w", err)
	}
	return nil
}

func (w *writer) rollback() {
	if !w.conn.AutocommitEnabled() {
		_ = exec(w.conn, "ROLLBACK") // it fails only where SQLite has rolled back already
	}
}

// committed tells everybody what the group changed.
func (s *Store) committed() {
	w := s.writer
	litters, queues, teaches := false, false, false
	for _, r := range w.group {
		for _, f := range r.tx.after {
			f()
		}
		for _, t := range r.tx.touched {
			w.touched[t.box] = t.acc
		}
		litters = litters || r.tx.litters
		queues = queues || r.tx.queues
		teaches = teaches || r.tx.teaches
	}
	if len(w.touched) > 0 {
		s.ring(w.touched)
		s.indexer.wake()
		clear(w.touched)
	}
	if litters {
		s.sweeper.wake()
	}
	if queues {
		s.ringQueue()
	}
	if teaches {
		s.trainer.wake()
	}
}

// answer ends all requests of the group: each with its own error, else with err.
func (w *writer) answer(err error) {
	for i, r := range w.group {
		if r.err == nil {
			r.err = err
		}
		w.group[i] = nil
		r.done <- struct{}{}
	}
}
