package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// read runs f in one read transaction on a pooled connection that cannot write.
func (s *Store) read(ctx context.Context, f func(c *sqlite.Conn) error) error { return errNotYet }
