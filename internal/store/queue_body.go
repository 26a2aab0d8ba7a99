package store

import (
	"context"
	"fmt"
	"io"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// QueuedBody opens the message of an envelope, prefix included, and tells its
// structure, whose offsets count from its start. It streams and holds no
// transaction; it is for one goroutine. ErrNoMessage when the envelope is no more.
func (s *Store) QueuedBody(ctx context.Context, e Envelope) (*io.SectionReader, *message.Part, error) {
	r, root, err := s.queuedBody(ctx, e)
	if err != nil {
		return nil, nil, fmt.Errorf("queued message %d: %w", e.ID, err)
	}
	return io.NewSectionReader(r, 0, r.body.Size()), root, nil
}

func (s *Store) queuedBody(ctx context.Context, e Envelope) (*readOnce, *message.Part, error) {
	var packed []byte
	err := s.read(ctx, func(c *sqlite.Conn) error {
		found, err := one(c, `SELECT b.structure FROM body b JOIN envelope e ON e.body = b.id WHERE e.id = ?+0`,
			func(st *sqlite.Stmt) { packed = columnBytes(st, 0, nil) }, int64(e.ID))
		if err == nil && !found {
			err = ErrNoMessage
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	root, err := message.DecodePart(packed)
	if err != nil {
		return nil, nil, err
	}
	body, err := s.Body(ctx, e.Body)
	return &readOnce{body}, root, err
}

// readOnce gives the buffers of a body back when its end was read, as there is
// nobody who would do so: an io.SectionReader cannot be closed. Reading again
// takes new ones.
type readOnce struct{ body *Body }

func (r *readOnce) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.body.ReadAt(p, off)
	if off+int64(n) >= r.body.Size() {
		r.body.Release()
	}
	return n, err
}
