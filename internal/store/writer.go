package store

import (
	"context"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/config"
)

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
	limits   *config.Limits
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
	polls   int
	idle    int // polls since the last write
}

func newWriter(conn *sqlite.Conn, limits *config.Limits) *writer {
	return &writer{
		conn:     conn,
		limits:   limits,
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

// close is for after stop, or where start never began the goroutine.
func (w *writer) close() error { return w.conn.Close() }
