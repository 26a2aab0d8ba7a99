package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// findDestination is the row of a domain.
func findDestination(c *sqlite.Conn, domain string) (id int64, found bool, err error) {
	found, err = queryRow(c, `SELECT id FROM destination WHERE domain = ?`, func(st *sqlite.Stmt) { id = st.ColumnInt64(0) }, domain)
	return id, found, err
}

// reschedule writes when a destination is due, after its jobs or its own round changed.
func reschedule(tx *tx, dest int64) error {
	return run(tx.Conn, `UPDATE destination SET due = (SELECT max(j.next, destination.next) FROM job j
		WHERE j.destination = destination.id AND j.next IS NOT NULL ORDER BY j.next LIMIT 1) WHERE id = ?`, dest)
}

func rescheduleAll(tx *tx, dests map[int64]bool) error {
	for dest := range dests {
		if err := reschedule(tx, dest); err != nil {
			return err
		}
	}
	return nil
}

// DeferDomain notes that a domain could not be reached: all that waits for it,
// and what is queued for it later, waits until next, and these are its last
// words. That is one row however many jobs there are; jobs that were claimed for
// the first time get the words as well, for the history. A power cut may forget
// it, which is an attempt too early.
func (s *Store) DeferDomain(ctx context.Context, domain string, next time.Time, reply message.Reply, host string) error {
	err := s.writeLazy(ctx, func(tx *tx) error {
		dest, found, err := findDestination(tx.Conn, domain)
		if err != nil {
			return err
		}
		if !found { // the jobs were dropped meanwhile; what comes for it still waits
			if err := exec(tx.Conn, `INSERT INTO destination(domain) VALUES(?)`, domain); err != nil {
				return err
			}
			dest = tx.LastInsertRowID()
		}
		if err := firstWords(tx, dest, reply, host); err != nil {
			return err
		}
		err = exec(tx.Conn, `UPDATE destination SET failures = failures + 1, next = ?, code = ?, enhanced = ?, reply = ?, host = ?, said = ? WHERE id = ?`,
			next, reply.Code, enhanced(reply), replyText(reply), shorten(host, maxHost), tx.now, dest)
		if err != nil {
			return err
		}
		return reschedule(tx, dest)
	})
	return wrap("defer "+domain, err)
}

// firstWords gives the words to jobs of a destination that were claimed and
// have none yet: their next attempt is ahead, where that of those never claimed
// is over.
func firstWords(tx *tx, dest int64, reply message.Reply, host string) error {
	var jobs []JobID
	err := each(tx.Conn, `SELECT id FROM job WHERE destination = ?+0 AND next > ? AND attempts > 0 AND code = 0`,
		func(st *sqlite.Stmt) { jobs = append(jobs, JobID(st.ColumnInt64(0))) }, dest, tx.now.Unix())
	for _, id := range jobs {
		if err != nil {
			break
		}
		_, err = settle(tx, Outcome{Job: id, Fate: Deferred, Reply: reply, Host: host})
	}
	return err
}

// DomainReached notes that a domain takes mail again; nothing is written when it always did.
func (s *Store) DomainReached(ctx context.Context, domain string) error {
	failures, _, err := s.Destination(ctx, domain)
	if err != nil || failures == 0 {
		return err
	}
	err = s.writeLazy(ctx, func(tx *tx) error {
		dest, found, err := findDestination(tx.Conn, domain)
		if err != nil || !found {
			return err
		}
		tx.queue()
		if err := run(tx.Conn, `UPDATE destination SET failures = 0, next = 0, said = 0 WHERE id = ?`, dest); err != nil {
			return err
		}
		return reschedule(tx, dest)
	})
	return wrap(domain+" was reached", err)
}

// Destination tells how often in a row a domain could not be reached, and when
// its next round is; zero for one that was, or that nothing is known of.
func (s *Store) Destination(ctx context.Context, domain string) (failures int, next time.Time, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		_, err := queryRow(c, `SELECT failures, next FROM destination WHERE domain = ?`, func(st *sqlite.Stmt) {
			failures, next = st.ColumnInt(0), columnTime(st, 1)
		}, domain)
		return err
	})
	return failures, next, wrap("destination "+domain, err)
}

// forgetDestinations removes domains without jobs whose round, if any, is over.
func (s *Store) forgetDestinations(ctx context.Context) error {
	err := s.writeLazy(ctx, func(tx *tx) error {
		return run(tx.Conn, `DELETE FROM destination WHERE due IS NULL AND next < ?
			AND NOT EXISTS (SELECT 1 FROM job WHERE destination = destination.id)`, tx.now.Unix())
	})
	return wrap("forget destinations", err)
}
