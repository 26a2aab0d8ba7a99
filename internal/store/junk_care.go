package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

const (
	// maxRemembered is how many learned messages of an account are remembered, to take them back if they turn out to be
	// the other kind: 200 KB.
	maxRemembered = 16_000

	sliceLearned = 500 // rows a transaction removes
)

// forgetJunk drops what is remembered of learned messages that are gone, and of the oldest beyond maxRemembered.
func (s *Store) forgetJunk(ctx context.Context) error {
	const gone = `SELECT account, body FROM junk_learned l WHERE NOT EXISTS (SELECT 1 FROM body WHERE id = l.body) LIMIT ?`
	const beyond = `SELECT account, body FROM
		(SELECT account, body, row_number() OVER (PARTITION BY account ORDER BY body DESC) AS n FROM junk_learned) WHERE n > ? LIMIT ?`
	err := s.forgetLearned(ctx, gone, sliceLearned)
	if err == nil {
		err = s.forgetLearned(ctx, beyond, maxRemembered, sliceLearned)
	}
	return wrap("store: forget what was learned", err)
}

// forgetLearned removes the rows that a query finds, slice by slice, and writes nothing where it finds none.
func (s *Store) forgetLearned(ctx context.Context, find string, args ...int64) error {
	for {
		type learned struct{ acc, body int64 }
		var old []learned
		err := s.read(ctx, func(c *sqlite.Conn) error {
			old = nil
			return each(c, find, func(st *sqlite.Stmt) { old = append(old, learned{st.ColumnInt64(0), st.ColumnInt64(1)}) }, args...)
		})
		if err != nil || len(old) == 0 {
			return err
		}
		err = s.writeLazy(ctx, func(tx *tx) error {
			for _, l := range old {
				if err := run(tx.Conn, `DELETE FROM junk_learned WHERE account = ? AND body = ?`, l.acc, l.body); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}
