package store

import (
	"context"
	"fmt"
	"io"

	"zombiezen.com/go/sqlite"
)

// Body streams a message's octets, prefix included. Chunks are read one at a
// time and no transaction is held between reads. Reads give ErrNoMessage once
// it was removed. The reader is for one goroutine. Release gives its buffers back.
type Body struct {
	s      *Store
	ctx    context.Context // io.ReaderAt has no room for it, and a Body lives no longer than the command that opened it
	source BodyID          // whose chunks hold the octets
	prefix []byte
	size   int64 // octets in chunks

	held  int64   // the chunk that chunk holds, -1 for none
	chunk *[]byte // decoded
	data  *[]byte // as the row has it
	next  int64   // the chunk that fetch reads
	fetch func(c *sqlite.Conn) error
}

// Small messages have one chunk: it comes with the row.
const openBody = `SELECT b.source, b.size, b.prefix, c.data FROM body b
	LEFT JOIN chunk c ON c.id = (CASE b.source WHEN 0 THEN b.id ELSE b.source END) << 20
	WHERE b.id = ?+0 AND NOT EXISTS (SELECT 1 FROM dead WHERE body = b.id)`

// Body opens the body of a message for reading.
func (s *Store) Body(ctx context.Context, id BodyID) (*Body, error) {
	b := &Body{s: s, ctx: ctx, source: id, held: -1}
	b.fetch = b.fetchNext
	found := false
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		found, err = one(c, openBody, b.open, int64(id))
		return err
	})
	if err == nil && !found {
		err = ErrNoMessage
	}
	if err == nil && b.size > 0 {
		err = b.unpack(0)
	}
	if err != nil {
		b.Release()
		return nil, fmt.Errorf("open body %d: %w", id, err)
	}
	return b, nil
}

func (b *Body) open(st *sqlite.Stmt) {
	if source := st.ColumnInt64(0); source != 0 {
		b.source = BodyID(source)
	}
	b.size = st.ColumnInt64(1)
	b.prefix = columnBytes(st, 2, nil)
	b.keep(st, 3)
}

// keep takes a chunk row's data out of the statement.
func (b *Body) keep(st *sqlite.Stmt, col int) {
	b.drop(&b.data)
	b.data = b.s.bodies.buffer(st.ColumnLen(col))
	*b.data = columnBytes(st, col, *b.data)
}

// fetchNext reads the row of chunk b.next. It avoids closures, so that streaming allocates nothing.
func (b *Body) fetchNext(c *sqlite.Conn) error {
	st, err := c.Prepare(`SELECT data FROM chunk WHERE id = ?`)
	if err != nil {
		return err
	}
	st.BindInt64(1, chunkID(b.source, b.next))
	found, err := st.Step()
	if err != nil {
		return err
	}
	if !found {
		return ErrNoMessage
	}
	b.keep(st, 0)
	return st.Reset()
}

// load makes chunk n the one held.
func (b *Body) load(n int64) error {
	if b.held == n {
		return nil
	}
	b.next = n
	if err := b.s.read(b.ctx, b.fetch); err != nil {
		return fmt.Errorf("read body %d: %w", b.source, err)
	}
	return b.unpack(n)
}

// unpack decodes the row just read as chunk n and lets the row go.
func (b *Body) unpack(n int64) error {
	want := int(min(chunkSize, b.size-n*chunkSize))
	b.held = -1
	if b.chunk == nil {
		b.chunk = b.s.bodies.buffer(want)
	}
	if cap(*b.chunk) < want {
		b.drop(&b.chunk)
		b.chunk = b.s.bodies.buffer(want)
	}
	raw, err := b.s.bodies.unpack(*b.data, *b.chunk, want)
	b.drop(&b.data)
	if err != nil {
		return fmt.Errorf("body %d, chunk %d: %w", b.source, n, err)
	}
	*b.chunk, b.held = raw, n
	return nil
}

// Size is the octets of the message, prefix included.
func (b *Body) Size() int64 { return int64(len(b.prefix)) + b.size }

// ReadAt reads as io.ReaderAt has it.
func (b *Body) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read body %d: negative offset", b.source)
	}
	done := 0
	for done < len(p) {
		part, err := b.at(off + int64(done))
		if err != nil {
			return done, err
		}
		done += copy(p[done:], part)
	}
	return done, nil
}

// at is what can be had in one piece from off on; io.EOF at the end.
func (b *Body) at(off int64) ([]byte, error) {
	if off < int64(len(b.prefix)) {
		return b.prefix[off:], nil
	}
	off -= int64(len(b.prefix))
	if off >= b.size {
		return nil, io.EOF
	}
	if err := b.load(off / chunkSize); err != nil {
		return nil, err
	}
	return (*b.chunk)[off%chunkSize:], nil
}

// WriteTo writes the whole message to w.
func (b *Body) WriteTo(w io.Writer) (int64, error) {
	var done int64
	for {
		part, err := b.at(done)
		if err == io.EOF {
			return done, nil
		}
		if err != nil {
			return done, err
		}
		n, err := w.Write(part)
		done += int64(n)
		if err != nil {
			return done, err
		}
	}
}

// Release gives the buffers back. Reading on is possible, and takes new ones.
func (b *Body) Release() {
	b.held = -1
	b.drop(&b.chunk)
	b.drop(&b.data)
}

func (b *Body) drop(p **[]byte) {
	if *p != nil {
		b.s.bodies.giveBack(*p)
		*p = nil
	}
}
