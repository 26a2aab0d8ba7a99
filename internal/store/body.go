package store

import (
	"context"
	"io"
)

// Body streams a message's octets, prefix included; chunks are read one at a time and no transaction is held between
// reads. Reads give ErrNoMessage once it was removed. The reader is for one goroutine. Release gives its chunk buffer back.
func (s *Store) Body(ctx context.Context, id BodyID) (*Body, error) { return nil, errNotYet }

type Body struct{}

func (b *Body) Size() int64                             { return 0 }
func (b *Body) ReadAt(p []byte, off int64) (int, error) { return 0, errNotYet }
func (b *Body) WriteTo(w io.Writer) (int64, error)      { return 0, errNotYet }
func (b *Body) Release()                                {}

// bodyBuffer is what bodies share: chunk buffers, encoders, decoders; the zero value is ready.
type bodyBuffer struct{}

// dropBody takes one reference from body; the last puts it on the dead list. (share; source)
func dropBody(tx *tx, body BodyID) error { return errNotYet }
