package store

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
)

// pageJobs is how many jobs are read in one transaction, while nobody waits for what is done with them.
const pageJobs = 200

// Queue gives all that is queued, the oldest envelope first, each with all its
// jobs. No transaction is held while each works. An error of each ends it and is
// returned as it is.
func (s *Store) Queue(ctx context.Context, each func(Queued) error) error {
	next := EnvelopeID(0)
	for {
		list, err := s.queuePage(ctx, next)
		if err != nil {
			return wrap("list the queue", err)
		}
		for _, q := range list {
			if err := each(q); err != nil {
				return err
			}
			next = q.ID + 1
		}
		if len(list) == 0 {
			return nil
		}
	}
}

// queuePage reads some envelopes from first on, all of their jobs, and one envelope at least.
func (s *Store) queuePage(ctx context.Context, first EnvelopeID) (list []Queued, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		jobs, err := listJobs(c, jobRows+`WHERE j.id >= ? ORDER BY j.id LIMIT ?`, int64(firstJob(first)), pageJobs)
		if err != nil || len(jobs) == 0 {
			return err
		}
		if len(jobs) == pageJobs { // the last envelope may have more
			last := jobs[len(jobs)-1]
			rest, err := listJobs(c, jobRows+`WHERE j.id > ? AND j.id <= ? ORDER BY j.id`, int64(last.ID), int64(lastJob(last.Envelope)))
			if err != nil {
				return err
			}
			jobs = append(jobs, rest...)
		}
		list, err = withEnvelopes(c, jobs)
		return err
	})
	return list, err
}

// QueuedEnvelope gives one envelope with all its jobs. ErrNoMessage when none is left.
func (s *Store) QueuedEnvelope(ctx context.Context, id EnvelopeID) (q Queued, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		jobs, err := listJobs(c, jobRows+`WHERE j.id BETWEEN ? AND ? ORDER BY j.id`, int64(firstJob(id)), int64(lastJob(id)))
		if err != nil {
			return err
		}
		if len(jobs) == 0 {
			return ErrNoMessage
		}
		list, err := withEnvelopes(c, jobs)
		if err == nil {
			q = list[0]
		}
		return err
	})
	return q, wrap(fmt.Sprintf("queued message %d", id), err)
}

// QueueSize counts the jobs, and those of them that are held.
func (s *Store) QueueSize(ctx context.Context) (jobs, held int64, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		_, err := one(c, `SELECT count(*), count(*) - count(next) FROM job`, func(st *sqlite.Stmt) {
			jobs, held = st.ColumnInt64(0), st.ColumnInt64(1)
		})
		return err
	})
	return jobs, held, wrap("count the queue", err)
}

// Overdue gives at most max jobs that were queued before giveUp, or before warn
// without that their sender was told: those of one domain, or all when domain is
// "". Held ones wait for a person, not for the clock.
func (s *Store) Overdue(ctx context.Context, domain string, warn, giveUp time.Time, max int) (list []Queued, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		which, dest := "", int64(0)
		if domain != "" {
			var found bool
			if dest, found, err = findDestination(c, domain); err != nil || !found {
				return err
			}
			which = "j.destination = ?1+0 AND "
		}
		jobs, err := listJobs(c, jobRows+`JOIN envelope e ON e.id = j.id >> 20 WHERE `+which+
			`j.next IS NOT NULL AND e.queued < iif(j.warned, ?2, ?3) ORDER BY j.id LIMIT ?4`, dest, giveUp.Unix(), warn.Unix(), int64(max))
		if err == nil {
			list, err = withEnvelopes(c, jobs)
		}
		return err
	})
	return list, wrap("look for overdue jobs", err)
}
