package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// gateSlice is how many rows go in one transaction.
const gateSlice = 500

// forgetGate drops in slices what the gate remembers and has had its time.
func (s *Store) forgetGate(ctx context.Context) error {
	now := s.now()
	for _, step := range []struct {
		rows   string // the table, its key, and which rows; with ? for a time
		before int64
	}{
		{`refused WHERE id IN (SELECT id FROM refused WHERE seen < ?`, now.Add(-keepRefused).Unix()},
		{`acquainted WHERE (source, domain) IN (SELECT source, domain FROM acquainted WHERE seen < ?`, now.Add(-keepAcquainted).Unix()},
		{`grey WHERE triplet IN (SELECT triplet FROM grey WHERE seen < ? AND NOT white`, now.Add(-greyMost).Unix()},
		{`grey WHERE triplet IN (SELECT triplet FROM grey WHERE seen < ?`, now.Add(-keepWhite).Unix()},
	} {
		err := s.slices(ctx, func(tx *tx) (more bool, err error) {
			err = run(tx.Conn, "DELETE FROM "+step.rows+" LIMIT ?)", step.before, gateSlice)
			return tx.Changes() == gateSlice, err
		})
		if err != nil {
			return wrap("store: forget what the gate knew", err)
		}
	}
	return nil
}

// trimTo drops the rows of a table that were unseen for longest beyond most, a slice at a time: a batch adds fewer.
func trimTo(tx *tx, table, key string, most int64) error {
	n, err := number(tx.Conn, "SELECT count(*) FROM "+table)
	if err != nil || n <= most {
		return err
	}
	columns := key[1 : len(key)-1]
	return run(tx.Conn, "DELETE FROM "+table+" WHERE "+key+" IN (SELECT "+columns+" FROM "+table+" ORDER BY seen LIMIT ?)", min(n-most, gateSlice))
}

// StartGate forgets what the guard of the last process was asked and told: the one of this process knows nothing yet.
func (s *Store) StartGate(ctx context.Context) error {
	rows := int64(0)
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		rows, err = number(c, "SELECT (SELECT count(*) FROM guarded) + (SELECT count(*) FROM guard_release)")
		return err
	})
	if err != nil || rows == 0 {
		return wrap("look for the last guard", err)
	}
	return wrap("forget the last guard", s.writeLazy(ctx, func(tx *tx) error {
		return firstError(exec(tx.Conn, "DELETE FROM guarded"), exec(tx.Conn, "DELETE FROM guard_release"))
	}))
}
