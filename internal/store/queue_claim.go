package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// maxTogether is how many recipients are given as one envelope: RFC 5321
// §4.5.3.1.8 has every server take 100.
const maxTogether = 100

// Claim takes at most max due jobs of one domain for which busy says no: the
// domain that has been due for longest, its jobs in the order in which they fell
// due. Their attempts are one more, and their next attempt has moved by what
// retry gives for that number: a crash while one is tried must not hammer the
// other side. The due jobs of an envelope come together, up to maxTogether of
// them, even where they are more than max. Without anything due ok is false, and
// nothing was written.
//
// Claim does not wait for the disk: a power cut may forget it, which is an
// attempt too early. busy is called in a read transaction and retry in the
// writer; they must not use the store.
func (s *Store) Claim(ctx context.Context, now time.Time, busy func(domain string) bool, max int, retry func(attempts int) time.Duration) (b Batch, ok bool, err error) {
	for {
		var domain string
		err := s.read(ctx, func(c *sqlite.Conn) (err error) {
			domain, _, ok, err = firstDue(c, now.Unix(), busy)
			return err
		})
		if err != nil || !ok {
			return Batch{}, false, wrap("claim", err)
		}
		if b, ok, err = s.ClaimMore(ctx, domain, now, max, retry); err != nil || ok {
			return b, ok, err
		}
		// Another was faster: the domain is not due any more.
	}
}

// ClaimMore is Claim for one domain, for a connection to it that is open: that
// the domain could not be reached before counts no more.
func (s *Store) ClaimMore(ctx context.Context, domain string, now time.Time, max int, retry func(attempts int) time.Duration) (b Batch, ok bool, err error) {
	c := claiming{now: now.Unix(), max: max, retry: retry}
	due := false // no write for a read: a connection asks after each of its messages
	err = s.read(ctx, func(conn *sqlite.Conn) (err error) {
		if c.dest, ok, err = findDestination(conn, domain); err != nil || !ok {
			return err
		}
		due, err = one(conn, `SELECT 1 FROM job WHERE destination = ? AND next <= ? LIMIT 1`, func(*sqlite.Stmt) {}, c.dest, c.now)
		return err
	})
	if err != nil || !due {
		return Batch{}, false, wrap("claim", err)
	}
	if err := s.writeLazy(ctx, c.write); err != nil {
		return Batch{}, false, wrap("claim", err)
	}
	return Batch{Domain: domain, Queued: c.claimed}, len(c.claimed) > 0, nil
}

// NextDue is when the first job of a domain for which busy says no is or was
// due; without any ok is false. busy must not use the store.
func (s *Store) NextDue(ctx context.Context, busy func(domain string) bool) (t time.Time, ok bool, err error) {
	var due int64
	err = s.read(ctx, func(c *sqlite.Conn) (err error) {
		_, due, ok, err = firstDue(c, 1<<62, busy)
		return err
	})
	if err != nil || !ok {
		return time.Time{}, false, wrap("look when a job is due", err)
	}
	return time.Unix(due, 0), true, nil
}

// firstDue is the domain that is due first, at now or before, and not busy. It
// costs a step for each that is busy.
func firstDue(c *sqlite.Conn, now int64, busy func(domain string) bool) (domain string, due int64, found bool, err error) {
	st, err := prepare(c, `SELECT domain, due FROM destination WHERE due <= ? ORDER BY due`, []int64{now})
	if err != nil {
		return "", 0, false, err
	}
	for {
		if found, err = st.Step(); err != nil || !found {
			return "", 0, false, err
		}
		if domain = st.ColumnText(0); !busy(domain) {
			due = st.ColumnInt64(1)
			return domain, due, true, st.Reset()
		}
	}
}

// claiming is one claim: its transaction fills claimed.
type claiming struct {
	dest, now int64
	max       int
	retry     func(attempts int) time.Duration
	claimed   []Queued
}

func (c *claiming) write(tx *tx) error {
	jobs, err := listJobs(tx.Conn, jobRows+`WHERE j.destination = ?+0 AND j.next <= ? ORDER BY j.next, j.id LIMIT ?+0`,
		c.dest, c.now, int64(max(c.max, maxTogether))+1)
	if err != nil {
		return err
	}
	if c.claimed, err = withEnvelopes(tx.Conn, wholeEnvelopes(jobs, c.max)); err != nil {
		return err
	}
	for _, q := range c.claimed {
		if err := c.move(tx, q.Jobs); err != nil {
			return err
		}
	}
	return reschedule(tx, c.dest)
}

// wholeEnvelopes cuts jobs to most. The envelope at the cut is left for the next
// claim, unless it is the only one.
func wholeEnvelopes(jobs []Job, most int) []Job {
	if len(jobs) <= most {
		return jobs
	}
	cut := most
	for cut > 0 && jobs[cut-1].Envelope == jobs[most].Envelope {
		cut--
	}
	if cut > 0 {
		return jobs[:cut]
	}
	for cut < min(len(jobs), maxTogether) && jobs[cut].Envelope == jobs[0].Envelope {
		cut++
	}
	return jobs[:cut]
}

// move gives the jobs of one envelope their next attempt: those that were tried
// as often as each other stay together.
func (c *claiming) move(tx *tx, jobs []Job) error {
	for i := range jobs {
		j := &jobs[i]
		j.Attempts++
		if i > 0 && j.Attempts == jobs[i-1].Attempts {
			j.Next = jobs[i-1].Next
		} else {
			j.Next = time.Unix(c.now, 0).Add(c.retry(j.Attempts)).Truncate(time.Second)
		}
		err := run(tx.Conn, `UPDATE job SET attempts = ?, next = ? WHERE id = ?`, int64(j.Attempts), j.Next.Unix(), int64(j.ID))
		if err != nil {
			return err
		}
	}
	return nil
}

// Waiting gives those of jobs that are still queued and not held: between Claim
// and the moment of sending their owner may have changed the plan.
func (s *Store) Waiting(ctx context.Context, jobs []Job) (waiting []Job, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		for _, j := range jobs {
			found, err := one(c, `SELECT 1 FROM job WHERE id = ? AND next IS NOT NULL`, func(*sqlite.Stmt) {}, int64(j.ID))
			if err != nil {
				return err
			}
			if found {
				waiting = append(waiting, j)
			}
		}
		return nil
	})
	return waiting, wrap("look at claimed jobs", err)
}
