package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// ACME is what the certificate manager kept under a name, and when.
func (s *Store) ACME(ctx context.Context, name string) (value []byte, at time.Time, found bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err = queryRow(c, "SELECT value, at FROM acme WHERE name = ?", func(st *sqlite.Stmt) {
			value, at = blob(st, 0), columnTime(st, 1)
		}, name)
		return err
	})
	return value, at, found, wrap("read "+name+" of certificates", err)
}

// KeepACME keeps value under a name in place of what was there. It is on disk when KeepACME returns.
func (s *Store) KeepACME(ctx context.Context, name string, value []byte) error {
	return wrap("keep "+name+" of certificates", s.write(ctx, func(tx *tx) error {
		return exec(tx.Conn, `INSERT INTO acme(name, value, at) VALUES(?, ?, ?)
			ON CONFLICT(name) DO UPDATE SET value = excluded.value, at = excluded.at`, name, value, tx.now)
	}))
}

// DropACME forgets what is kept under a name. Nothing is written where there is nothing.
func (s *Store) DropACME(ctx context.Context, name string) error {
	if _, _, found, err := s.ACME(ctx, name); err != nil || !found {
		return err
	}
	return wrap("drop "+name+" of certificates", s.write(ctx, func(tx *tx) error {
		return exec(tx.Conn, "DELETE FROM acme WHERE name = ?", name)
	}))
}
