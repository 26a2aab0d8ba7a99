package store

import (
	"context"
	"fmt"
	"sync"

	"zombiezen.com/go/sqlite"
)

// maxReaders is how many connections read at once. On boards with one to four
// cores more would only cost memory: about a megabyte each once it has worked.
const maxReaders = 3

// readers is the pool of read connections, opened when first needed. The one
// used last is used next, so that a quiet house needs one.
type readers struct {
	open  func() (*sqlite.Conn, error)
	slots chan struct{} // one token a connection in use

	mu     sync.Mutex
	idle   []*sqlite.Conn
	closed bool
	used   bool // since the last shrink
	warm   bool // used, and not shrunk since
}

func newReaders(open func() (*sqlite.Conn, error)) *readers {
	return &readers{open: open, slots: make(chan struct{}, maxReaders)}
}

// read runs f in one read transaction on a pooled connection that cannot
// write. f must be short: while it runs the log of the file cannot be reused, so
// nobody waits for a client in it.
func (s *Store) read(ctx context.Context, f func(c *sqlite.Conn) error) error {
	c, err := s.readers.get(ctx)
	if err != nil {
		return err
	}
	defer s.readers.put(c)
	if err := exec(c, "BEGIN"); err != nil {
		return fmt.Errorf("store: begin reading: %w", err)
	}
	defer endRead(c)
	return f(c)
}

// endRead ends the transaction even where f forgot a statement in mid-row or
// panicked: SetInterrupt resets those.
func endRead(c *sqlite.Conn) {
	c.SetInterrupt(nil)
	_ = exec(c, "ROLLBACK") // there is nothing to keep, and nothing can fail
}

func (p *readers) get(ctx context.Context) (*sqlite.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := p.take()
	if err != nil {
		<-p.slots
	}
	return c, err
}

func (p *readers) take() (*sqlite.Conn, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	return p.open()
}

func (p *readers) put(c *sqlite.Conn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.used = true
	p.mu.Unlock()
	<-p.slots
}

// shrink gives back the caches of connections if none was used since the last call.
func (p *readers) shrink(shrink func(c *sqlite.Conn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.warm && !p.used {
		for _, c := range p.idle {
			shrink(c)
		}
	}
	p.warm, p.used = p.used, false
}

// close waits for reads in progress and closes all connections.
func (p *readers) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for range maxReaders {
		p.slots <- struct{}{}
	}
	var err error
	for _, c := range p.idle {
		err = firstError(err, c.Close())
	}
	p.idle = nil
	for range maxReaders { // later reads get ErrClosed instead of waiting for ever
		<-p.slots
	}
	return err
}
