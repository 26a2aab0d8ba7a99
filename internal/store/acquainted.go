package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// Acquaintance is from where mail was taken that was not junk.
type Acquaintance struct {
	Source string // network, or the domain of the host's confirmed name
	Domain string // of the sender; "" for the source as such
	Passed bool   // DMARC passed
}

const (
	keepAcquainted = 180 * day
	maxAcquainted  = 20_000 // rows
)

// KeepAcquaintances writes a batch. A row that was written within a day stays as it is, so that mail costs no further write.
func (s *Store) KeepAcquaintances(ctx context.Context, batch []Acquaintance) error {
	fresh := batch[:0:0]
	err := s.read(ctx, func(c *sqlite.Conn) error {
		fresh = fresh[:0]
		for _, a := range batch {
			today, err := queryRow(c, `SELECT 1 FROM acquainted WHERE source = ? AND domain = ? AND seen > ? AND passed >= ?`, nil,
				a.Source, a.Domain, s.now().Add(-day), a.Passed)
			if err != nil {
				return err
			}
			if !today {
				fresh = append(fresh, a)
			}
		}
		return nil
	})
	if err != nil || len(fresh) == 0 {
		return wrap("look for acquaintances", err)
	}
	return wrap("keep acquaintances", s.writeLazy(ctx, func(tx *tx) error {
		for _, a := range fresh {
			err := exec(tx.Conn, `INSERT INTO acquainted(source, domain, seen, passed) VALUES(?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET seen = excluded.seen, passed = passed + excluded.passed`, a.Source, a.Domain, tx.now, a.Passed)
			if err != nil {
				return err
			}
		}
		return trimTo(tx, "acquainted", "(source, domain)", maxAcquainted)
	}))
}

// Acquainted tells whether mail of the domain ("": any) was taken from the source before, and whether DMARC passed then.
func (s *Store) Acquainted(ctx context.Context, source, domain string) (known, passed bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) (err error) {
		known, err = queryRow(c, `SELECT passed FROM acquainted WHERE source = ? AND domain = ? AND seen > ?`,
			func(st *sqlite.Stmt) { passed = st.ColumnInt64(0) > 0 }, source, domain, s.now().Add(-keepAcquainted))
		return err
	})
	return known, passed, wrap("look for an acquaintance", err)
}

// LastAcquainted is when mail last came from the world, to the day; the zero time where none did.
func (s *Store) LastAcquainted(ctx context.Context) (at time.Time, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		_, err := one(c, `SELECT max(seen) FROM acquainted`, func(st *sqlite.Stmt) { at = columnTime(st, 0) })
		return err
	})
	return at, wrap("look for the last acquaintance", err)
}
