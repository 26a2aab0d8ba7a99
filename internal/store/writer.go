package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// maxGroup is how many requests share a commit at most. More would not
	// write less (64 clients: 14 KB a message, 32: 15) and would wait longer.
	maxGroup = 128 // requests

	// groupTime ends a group even while more requests wait, so that those at
	// its start are not kept waiting by heavy ones behind them.
	groupTime = 20 * time.Millisecond

	// pollEvery is how often the writer asks whether another process wrote: a
	// running server must show a change of the command line within two seconds.
	pollEvery = time.Second

	// shrinkAfter is how long nobody writes before the writer gives its cache back.
	shrinkAfter = 10 // polls
)

// tx is one request's part of the writer's transaction.
type tx struct {
	*sqlite.Conn
	now time.Time

	touched []touch
	after   []func()
	litters bool
}

type touch struct {
	acc AccountID
	box MailboxID
}

// touch notes that box of acc changed: its bells ring after the commit. box 0
// stands for the account's list of mailboxes.
func (t *tx) touch(acc AccountID, box MailboxID) {
	if box == 0 {
		box = MailboxID(-acc) // so that two accounts in one group do not share a key in ring
	}
	t.touched = append(t.touched, touch{acc, box})
}

// onCommit notes what to do in the writer's goroutine once this is on disk. f must not block.
func (t *tx) onCommit(f func()) { t.after = append(t.after, f) }

// litter notes that there is something for the sweeper: a dead body, or the messages of a mailbox that is gone.
func (t *tx) litter() { t.litters = true }

// request is one call of write, waiting for its answer.
type request struct {
	ctx  context.Context
	f    func(tx *tx) error
	lazy bool
	tx   tx
	err  error
	done chan struct{} // one token, so that requests can be used again
}

// writer is the one goroutine that writes, and its mailbox.
type writer struct {
	conn     *sqlite.Conn
	requests chan *request
	ended    chan struct{}

	mu     sync.RWMutex // held shared while a request is being put in
	closed bool

	free sync.Pool // of *request

	// The rest belongs to the goroutine.
	lazy    bool // the connection commits under synchronous=NORMAL now
	group   []*request
	touched map[MailboxID]AccountID
	version int64 // PRAGMA data_version
	idle    int   // polls since the last write
}

func newWriter(conn *sqlite.Conn) *writer {
	return &writer{
		conn:     conn,
		requests: make(chan *request, maxGroup),
		ended:    make(chan struct{}),
		touched:  make(map[MailboxID]AccountID),
	}
}

// write runs f in the single writer's transaction and returns once the commit
// is on disk. What f did is undone alone when f fails or panics; a failing
// commit fails for all that share it. f is not run when ctx ends before its
// turn; once begun it is not interrupted. f must not call write or read.
func (s *Store) write(ctx context.Context, f func(tx *tx) error) error {
	return s.writer.do(ctx, f, false)
}

// writeLazy is write for what a power cut may lose: a group of such requests
// alone commits under synchronous=NORMAL, without waiting for the disk. The
// next commit of write makes it durable too, because the log keeps the order.
func (s *Store) writeLazy(ctx context.Context, f func(tx *tx) error) error {
	return s.writer.do(ctx, f, true)
}

func (w *writer) do(ctx context.Context, f func(tx *tx) error, lazy bool) error {
	r := w.request()
	r.ctx, r.f, r.lazy = ctx, f, lazy
	if err := w.put(r); err != nil {
		return err
	}
	<-r.done
	err := r.err
	*r = request{done: r.done, tx: tx{touched: r.tx.touched[:0]}}
	w.free.Put(r)
	return err
}

func (w *writer) request() *request {
	if r, ok := w.free.Get().(*request); ok {
		return r
	}
	return &request{done: make(chan struct{}, 1)}
}

func (w *writer) put(r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.requests <- r:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// stop lets the goroutine end after what is already queued, and waits for it.
func (w *writer) stop() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.requests)
	}
	w.mu.Unlock()
	<-w.ended
}

// runWriter is the writer's goroutine.
func (s *Store) runWriter() {
	w := s.writer
	defer close(w.ended)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case r, ok := <-w.requests:
			if !ok {
				return
			}
			w.idle = 0
			for r != nil {
				r = s.runGroup(r)
			}
		case <-ticker.C:
			s.poll()
		}
	}
}

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
	r.tx.Conn, r.tx.now = w.conn, now
	if r.err = w.call(r); r.err != nil {
		r.tx.after, r.tx.touched, r.tx.litters = nil, r.tx.touched[:0], false
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
	litters := false
	for _, r := range w.group {
		for _, f := range r.tx.after {
			f()
		}
		for _, t := range r.tx.touched {
			w.touched[t.box] = t.acc
		}
		litters = litters || r.tx.litters
	}
	if len(w.touched) > 0 {
		s.ring(w.touched)
		clear(w.touched)
	}
	if litters {
		s.sweeper.wake()
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

// poll looks once a second for commits of other processes, which data_version
// tells without touching the disk, and gives memory back when nothing happens.
func (s *Store) poll() {
	w := s.writer
	if w.idle++; w.idle == shrinkAfter {
		shrink(w.conn)
		s.readers.shrink()
	}
	version, err := number(w.conn, "PRAGMA data_version")
	if err != nil {
		s.log.Error("looking for other processes' changes failed", "err", err)
		return
	}
	if version == w.version {
		return
	}
	w.version = version
	s.reload(w.conn)
}

// reload forgets what this process remembers of the file: another one wrote to it.
func (s *Store) reload(c *sqlite.Conn) {
	settings, err := loadSettings(c, s.log)
	if err != nil {
		s.log.Error("reading the settings failed", "err", err)
	} else {
		s.settings.Store(&settings)
	}
	s.logins.forgetAll()
	s.ringAll()
	s.sweeper.wake()
}

// shrink gives the page cache of an idle connection back: 39 MB became 15 after big reads.
func shrink(c *sqlite.Conn) {
	if err := sqlitex.ExecuteTransient(c, "PRAGMA shrink_memory", nil); err != nil {
		slog.Debug("shrink_memory failed", "err", err)
	}
}

func (w *writer) close() error { return w.conn.Close() }
