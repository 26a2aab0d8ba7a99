package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"zombiezen.com/go/sqlite"
)

// Selection says which jobs are meant: those named, all of some envelopes, all
// of a domain, or all there are. The first of these that is set counts.
type Selection struct {
	IDs       []JobID
	Envelopes []EnvelopeID
	Domain    string
	All       bool
}

// sliceJobs is how many jobs a person's order changes in one transaction, so that others may write in between.
const sliceJobs = 500

// RetryJobs makes jobs due now, also where their domain is down, and tells how
// many there are. Held ones stay held. It works in slices, as all of these do:
// after an error some are done.
func (s *Store) RetryJobs(ctx context.Context, sel Selection) (n int64, err error) {
	for _, which := range sel.parts() {
		waiting, err := s.wakeDomains(ctx, which)
		if err != nil {
			return n, wrap("retry", err)
		}
		n += waiting
	}
	_, err = s.changeJobs(ctx, sel, `j.next > ?1`, func(tx *tx, id JobID) error {
		tx.queue()
		return run(tx.Conn, `UPDATE job SET next = ? WHERE id = ?`, tx.now.Unix(), int64(id))
	})
	return n, wrap("retry", err)
}

// wakeDomains ends the waiting of the domains that selected jobs go to, and
// counts these jobs.
func (s *Store) wakeDomains(ctx context.Context, which part) (n int64, err error) {
	err = s.write(ctx, func(tx *tx) error {
		n, err = number(tx.Conn, `SELECT count(*) FROM job j WHERE j.next IS NOT NULL AND `+anyTime+which.where, which.with(tx.now)...)
		if err != nil {
			return err
		}
		dests := make(map[int64]bool)
		err = query(tx.Conn, `SELECT id FROM destination WHERE next > ?1 AND id IN
			(SELECT j.destination FROM job j WHERE j.next IS NOT NULL AND `+which.where+`)`, func(st *sqlite.Stmt) error {
			dests[st.ColumnInt64(0)] = true
			return nil
		}, which.with(tx.now)...)
		for dest := range dests {
			if err != nil {
				return err
			}
			tx.queue()
			err = run(tx.Conn, `UPDATE destination SET next = 0 WHERE id = ?`, dest)
		}
		if err != nil {
			return err
		}
		return rescheduleAll(tx, dests)
	})
	return n, err
}

// HoldJobs keeps jobs from being tried until ReleaseJobs, and tells how many
// were not held before. One that is being tried just now may still be delivered.
func (s *Store) HoldJobs(ctx context.Context, sel Selection) (n int64, err error) {
	n, err = s.changeJobs(ctx, sel, `j.next IS NOT NULL`, func(tx *tx, id JobID) error {
		return run(tx.Conn, `UPDATE job SET next = NULL WHERE id = ?`, int64(id))
	})
	return n, wrap("hold", err)
}

// ReleaseJobs makes held jobs due now, and tells how many.
func (s *Store) ReleaseJobs(ctx context.Context, sel Selection) (n int64, err error) {
	n, err = s.changeJobs(ctx, sel, `j.next IS NULL`, func(tx *tx, id JobID) error {
		tx.queue()
		return run(tx.Conn, `UPDATE job SET next = ? WHERE id = ?`, tx.now.Unix(), int64(id))
	})
	return n, wrap("release", err)
}

// DropJobs removes jobs, held ones too, without a word to their senders; the history tells of it.
func (s *Store) DropJobs(ctx context.Context, sel Selection) (n int64, err error) {
	n, err = s.changeJobs(ctx, sel, `true`, func(tx *tx, id JobID) error {
		_, err := settle(tx, Outcome{Job: id, Fate: Dropped})
		return err
	})
	return n, wrap("drop", err)
}

// changeJobs calls do for each selected job that state holds for; do ends that
// state, which takes the time as ?1.
func (s *Store) changeJobs(ctx context.Context, sel Selection, state string, do func(*tx, JobID) error) (n int64, err error) {
	for _, which := range sel.parts() {
		for {
			done, err := s.changeSlice(ctx, which, state, do)
			n += done
			if err != nil {
				return n, err
			}
			if done < sliceJobs {
				break
			}
			if err := pause(ctx, slicePause); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// anyTime takes the time, ?1, where nothing else does: each parameter that is bound must be there.
const anyTime = `?1 IS NOT NULL AND `

// part is a condition on jobs with its parameters, ?2 and ?3.
type part struct {
	where string
	args  []any
}

// numberList is numbers as JSON, so that one parameter can have them all.
func numberList(ids []JobID) string {
	b := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(id), 10)
	}
	return string(append(b, ']'))
}

// with is all parameters, now first.
func (p part) with(now time.Time) []any { return append([]any{now}, p.args...) }

func (sel Selection) parts() (list []part) {
	switch {
	case len(sel.IDs) > 0:
		list = []part{{`j.id IN (SELECT value FROM json_each(?2))`, []any{numberList(sel.IDs)}}}
	case len(sel.Envelopes) > 0:
		for _, e := range sel.Envelopes {
			list = append(list, part{`j.id BETWEEN ?2 AND ?3`, []any{firstJob(e), lastJob(e)}})
		}
	case sel.Domain != "":
		list = []part{{`j.destination = (SELECT id FROM destination WHERE domain = ?2)`, []any{sel.Domain}}}
	case sel.All:
		list = []part{{where: `true`}}
	}
	return list
}

func (s *Store) changeSlice(ctx context.Context, which part, state string, do func(*tx, JobID) error) (n int64, err error) {
	sql := fmt.Sprintf(`SELECT j.id, j.destination FROM job j WHERE %s%s AND %s LIMIT %d`, anyTime, which.where, state, sliceJobs)
	err = s.write(ctx, func(tx *tx) error {
		var jobs []JobID
		dests := make(map[int64]bool)
		err := query(tx.Conn, sql, func(st *sqlite.Stmt) error {
			jobs = append(jobs, JobID(st.ColumnInt64(0)))
			dests[st.ColumnInt64(1)] = true
			return nil
		}, which.with(tx.now)...)
		if err != nil {
			return err
		}
		for _, id := range jobs {
			if err := do(tx, id); err != nil {
				return err
			}
		}
		n = int64(len(jobs))
		return rescheduleAll(tx, dests)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
