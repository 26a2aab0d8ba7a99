package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

func keep(n int64) func(tx *tx) error {
	return func(tx *tx) error { return run(tx.Conn, "INSERT INTO share(body, refs) VALUES(?, 2)", n) }
}

func kept(t testing.TB, s *Store, n int64) bool {
	t.Helper()
	return count(t, s, "SELECT count(*) FROM share WHERE body = ?", n) == 1
}

// held lets the writer wait inside a request until release is called, so that what comes next shares a group.
func held(t testing.TB, s *Store) (release func()) {
	t.Helper()
	inside, gate := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		check(t, s.write(context.Background(), func(*tx) error {
			close(inside)
			<-gate
			return nil
		}))
	})
	<-inside
	return func() { close(gate); wg.Wait() }
}

// queued waits until n requests wait for the writer.
func queued(s *Store, n int) {
	for len(s.writer.requests) < n {
		time.Sleep(time.Millisecond)
	}
}

// Whoever fails in a group, by an error, a panic or a cancelled context, fails alone.
func TestGroupMembersFailAlone(t *testing.T) {
	s := newStore(t)
	cancelled, cancel := context.WithCancel(t.Context())
	boom := errors.New("boom")
	members := []struct {
		ctx  context.Context
		f    func(tx *tx) error
		want string
	}{
		{t.Context(), keep(1), ""},
		{t.Context(), func(tx *tx) error { return errors.Join(keep(2)(tx), boom) }, "boom"},
		{t.Context(), func(tx *tx) error { check(t, keep(3)(tx)); panic("ouch") }, "panic in a write: ouch"},
		{cancelled, keep(4), "canceled"},
		{t.Context(), keep(1), "UNIQUE"},
		{t.Context(), keep(6), ""},
	}
	release := held(t, s)
	errs := make([]error, len(members))
	var wg sync.WaitGroup
	for i, m := range members {
		wg.Go(func() { errs[i] = s.write(m.ctx, m.f) })
		queued(s, i+1)
	}
	cancel()
	release()
	wg.Wait()
	for i, m := range members {
		if m.want == "" && errs[i] != nil || m.want != "" && (errs[i] == nil || !strings.Contains(errs[i].Error(), m.want)) {
			t.Errorf("member %d: error %v, want %q", i, errs[i], m.want)
		}
	}
	for n, want := range map[int64]bool{1: true, 2: false, 3: false, 4: false, 6: true} {
		if kept(t, s, n) != want {
			t.Errorf("row %d: kept %v, want %v", n, !want, want)
		}
	}
}

// The first of a group has no savepoint: its failure rolls back the whole transaction, which is its own alone.
func TestFirstOfAGroupFails(t *testing.T) {
	s := newStore(t)
	boom := errors.New("boom")
	wantErr(t, s.write(t.Context(), func(tx *tx) error { return errors.Join(keep(1)(tx), boom) }), boom)
	check(t, s.write(t.Context(), keep(2)))
	if kept(t, s, 1) || !kept(t, s, 2) {
		t.Error("the failed one was kept, or the good one was not")
	}
}

// A request that loses the transaction, as a full disk does, fails for all that share it, and the writer goes on.
func TestLostTransactionFailsForAll(t *testing.T) {
	s := newStore(t)
	inside, gate := make(chan struct{}), make(chan struct{})
	lose := func(tx *tx) error { return exec(tx.Conn, "ROLLBACK") }
	hold := func(tx *tx) error { close(inside); <-gate; return keep(1)(tx) }
	errs := make([]error, 3)
	var wg sync.WaitGroup
	for i, f := range []func(tx *tx) error{hold, lose, keep(3)} {
		wg.Go(func() { errs[i] = s.write(t.Context(), f) })
		<-inside
		queued(s, i)
	}
	close(gate)
	wg.Wait()
	wantErr(t, errs[0], errRolledBack)
	wantErr(t, errs[1], errRolledBack)
	check(t, errs[2])
	if kept(t, s, 1) || !kept(t, s, 3) {
		t.Error("the rolled back one was kept, or the later one was not")
	}
}

// A statement left in mid-row neither keeps the commit from ending nor a reader's transaction open.
func TestForgottenStatements(t *testing.T) {
	s := newStore(t)
	check(t, s.write(t.Context(), func(tx *tx) error { return errors.Join(keep(1)(tx), keep(2)(tx)) }))
	forget := func(c *sqlite.Conn) error {
		st, err := c.Prepare("SELECT body FROM share")
		if err == nil {
			_, err = st.Step()
		}
		return err
	}
	check(t, s.read(t.Context(), forget))
	check(t, s.write(t.Context(), func(tx *tx) error { return errors.Join(keep(3)(tx), forget(tx.Conn)) }))
	check(t, s.read(t.Context(), func(c *sqlite.Conn) error {
		if n, err := number(c, "SELECT count(*) FROM share"); err != nil || n != 3 {
			t.Errorf("%d rows, %v, want 3", n, err)
		}
		return nil
	}))
}

// Readers cannot write.
func TestReadersCannotWrite(t *testing.T) {
	s := newStore(t)
	if err := s.read(t.Context(), func(c *sqlite.Conn) error { return exec(c, "DELETE FROM share") }); err == nil {
		t.Error("a reader wrote")
	}
}

// Eight writers, some of which fail or give up: exactly what was acknowledged is there, also after opening again.
func TestManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	const writers, each = 8, 100
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		acked = make(map[int64]bool)
		boom  = errors.New("boom")
	)
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				n := int64(w*each + i)
				ctx, cancel := context.WithCancel(t.Context())
				write := s.write
				if i%4 == 1 {
					write = s.writeLazy
				}
				if i%7 == 3 {
					go cancel()
				}
				err := write(ctx, func(tx *tx) error {
					if err := keep(n)(tx); err != nil || i%5 == 4 {
						return errors.Join(err, boom)
					}
					return nil
				})
				cancel()
				mu.Lock()
				acked[n] = err == nil
				mu.Unlock()
				if err != nil && !errors.Is(err, boom) && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	check(t, s.Close())
	s = openStore(t, path)
	for n, want := range acked {
		if kept(t, s, n) != want {
			t.Errorf("row %d: kept %v, acknowledged %v", n, !want, want)
		}
	}
}

// After Close everything answers ErrClosed; what was queued before is done.
func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	release := held(t, s)
	var wg sync.WaitGroup
	var late error
	wg.Go(func() { late = s.write(context.Background(), keep(1)) })
	queued(s, 1)
	wg.Go(func() { check(t, s.Close()) })
	release()
	wg.Wait()
	check(t, late)
	wantErr(t, s.write(t.Context(), keep(2)), ErrClosed)
	wantErr(t, s.read(t.Context(), func(*sqlite.Conn) error { return nil }), ErrClosed)
	if s = openStore(t, path); !kept(t, s, 1) || kept(t, s, 2) {
		t.Error("what was queued is not there, or what came later is")
	}
}

// Bells ring after the commit, once for each mailbox of a group, and not for what failed.
func TestBellsRingAfterTheCommit(t *testing.T) {
	s := newStore(t)
	w := s.Watch(7)
	defer w.Stop()
	failed := s.Watch(8)
	defer failed.Stop()
	acc := s.WatchAccount(3)
	defer acc.Stop()
	_ = s.write(t.Context(), func(tx *tx) error { tx.touch(4, 8); return errors.New("no") })
	check(t, s.write(t.Context(), func(tx *tx) error {
		tx.touch(3, 7)
		select {
		case <-w.C:
			t.Error("rung before the commit")
		default:
		}
		return nil
	}))
	for name, c := range map[string]<-chan struct{}{"mailbox": w.C, "account": acc.C} {
		select {
		case <-c:
		default:
			t.Errorf("the bell of the %s did not ring", name)
		}
	}
	select {
	case <-failed.C:
		t.Error("a bell rang for what failed")
	default:
	}
}

// Two account lists touched in one group both ring.
func TestAccountBellsInOneGroup(t *testing.T) {
	s := newStore(t)
	watches := []*Watch{s.WatchAccount(1), s.WatchAccount(2)}
	check(t, s.write(t.Context(), func(tx *tx) error { tx.touch(1, 0); tx.touch(2, 0); return nil }))
	for i, w := range watches {
		select {
		case <-w.C:
		default:
			t.Errorf("account %d did not hear", i+1)
		}
		w.Stop()
	}
}

// Readers beyond the pool wait, and give up with their context.
func TestReadersWait(t *testing.T) {
	s := newStore(t)
	gate := make(chan struct{})
	var wg, inside sync.WaitGroup
	for range maxReaders {
		inside.Add(1)
		wg.Go(func() {
			check(t, s.read(context.Background(), func(*sqlite.Conn) error { inside.Done(); <-gate; return nil }))
		})
	}
	inside.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	wantErr(t, s.read(ctx, func(*sqlite.Conn) error { return nil }), context.DeadlineExceeded)
	close(gate)
	wg.Wait()
	if n := len(s.readers.idle); n != maxReaders {
		t.Errorf("%d idle connections, want %d", n, maxReaders)
	}
}

// A read sees one moment, whatever is written meanwhile.
func TestReadSeesOneMoment(t *testing.T) {
	s := newStore(t)
	check(t, s.read(t.Context(), func(c *sqlite.Conn) error {
		for i := range int64(3) {
			if n, err := number(c, "SELECT count(*) FROM share"); err != nil || n != 0 {
				return fmt.Errorf("%d rows, %w", n, err)
			}
			check(t, s.write(t.Context(), keep(i)))
		}
		return nil
	}))
}
