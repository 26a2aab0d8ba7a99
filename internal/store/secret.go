package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// Secret returns the named secret (self-signed certificate, fake-salt key, …),
// made by gen and kept at the first call. Of two calls at once one is kept, and
// both return it.
func (s *Store) Secret(ctx context.Context, name string, gen func() ([]byte, error)) ([]byte, error) {
	value, found, err := s.secret(ctx, name)
	if err != nil || found {
		return value, err
	}
	fresh, err := gen() // outside of the writer: making a key may take seconds on a small board
	if err != nil {
		return nil, fmt.Errorf("store: make secret %s: %w", name, err)
	}
	err = s.write(ctx, func(tx *tx) error {
		return exec(tx.Conn, "INSERT INTO secret(name, value) VALUES(?, ?) ON CONFLICT DO NOTHING", name, fresh)
	})
	if err != nil {
		return nil, fmt.Errorf("store: keep secret %s: %w", name, err)
	}
	value, _, err = s.secret(ctx, name)
	return value, err
}

func (s *Store) secret(ctx context.Context, name string) (value []byte, found bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err = queryRow(c, "SELECT value FROM secret WHERE name = ?", func(st *sqlite.Stmt) { value = blob(st, 0) }, name)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("store: read secret %s: %w", name, err)
	}
	return value, found, nil
}
