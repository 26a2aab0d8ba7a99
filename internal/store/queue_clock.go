package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// PullBack makes due now what is due after latest, jobs as well as rounds of
// domains: no attempt is ever put off so far, so the clock was ahead when it was
// (boards without one of their own start with any time). It tells how many jobs
// there were. It reads the whole queue: it is for the start, and for a clock
// that was seen to go back.
func (s *Store) PullBack(ctx context.Context, latest time.Time) (n int64, err error) {
	found := false
	err = s.read(ctx, func(c *sqlite.Conn) (err error) {
		found, err = queryRow(c, `SELECT 1 WHERE EXISTS (SELECT 1 FROM job WHERE next > ?1) OR EXISTS (SELECT 1 FROM destination WHERE next > ?1)`, nil, latest)
		return err
	})
	if err != nil || !found {
		return 0, wrap("look for mail put off too far", err)
	}
	err = s.write(ctx, func(tx *tx) error {
		tx.queue()
		if err := exec(tx.Conn, `UPDATE job SET next = ? WHERE next > ?`, tx.now, latest); err != nil {
			return err
		}
		n = int64(tx.Changes())
		if err := exec(tx.Conn, `UPDATE destination SET next = 0 WHERE next > ?`, latest); err != nil {
			return err
		}
		return exec(tx.Conn, `UPDATE destination SET due = (SELECT max(j.next, destination.next) FROM job j
			WHERE j.destination = destination.id AND j.next IS NOT NULL ORDER BY j.next LIMIT 1) WHERE due IS NOT NULL`)
	})
	return n, wrap("make mail due that was put off too far", err)
}
