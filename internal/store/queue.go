package store

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Job is one recipient in another domain to whom a body is still to be sent.
type Job struct {
	ID           JobID
	Body         BodyID
	From, To     message.Address
	Attempts     int
	Queued, Next time.Time
}

// Between attempts of a job: RFC 5321 §4.5.4.1 asks at least 30 minutes after
// the first failures; a first quick retry gets past greylisting.
const (
	firstRetry = 5 * time.Minute
	lastRetry  = 4 * time.Hour
)

// retryAfter is how long after its n-th attempt, from 1, a job is due again.
func retryAfter(n int) time.Duration {
	if n > 6 { // 5 minutes doubled six times is beyond lastRetry
		return lastRetry
	}
	return min(firstRetry<<(n-1), lastRetry)
}

const jobColumns = `id, body, sender, recipient, attempts, queued, next`

// Claim returns at most n jobs due at now, their next attempt already moved:
// a crash while one is tried must not hammer the other side.
func (s *Store) Claim(ctx context.Context, now time.Time, n int) ([]Job, error) {
	due := false // no write for a read: most calls find nothing
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		due, err = one(c, `SELECT 1 FROM queue WHERE next <= ? LIMIT 1`, func(*sqlite.Stmt) {}, now.Unix())
		return err
	})
	if err != nil || !due {
		return nil, wrap("claim jobs", err)
	}
	var jobs []Job
	err = s.write(ctx, func(tx *tx) (err error) {
		jobs, err = listJobs(tx.Conn, `SELECT `+jobColumns+` FROM queue WHERE next <= ? ORDER BY next, id LIMIT ?`, now.Unix(), int64(n))
		if err != nil {
			return err
		}
		return moveNext(tx, jobs, now)
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	return jobs, nil
}

func moveNext(tx *tx, jobs []Job, now time.Time) error {
	for i := range jobs {
		j := &jobs[i]
		j.Attempts++
		j.Next = time.Unix(now.Add(retryAfter(j.Attempts)).Unix(), 0)
		err := run(tx.Conn, `UPDATE queue SET attempts = ?, next = ? WHERE id = ?`, int64(j.Attempts), j.Next.Unix(), int64(j.ID))
		if err != nil {
			return err
		}
	}
	return nil
}

// Jobs lists the queue in the order in which it is due.
func (s *Store) Jobs(ctx context.Context) (jobs []Job, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		jobs, err = listJobs(c, `SELECT `+jobColumns+` FROM queue ORDER BY next, id`)
		return err
	})
	return jobs, wrap("list jobs", err)
}

func listJobs(c *sqlite.Conn, query string, args ...int64) ([]Job, error) {
	var jobs []Job
	var bad error
	err := each(c, query, func(st *sqlite.Stmt) {
		j, err := readJob(st)
		if err != nil && bad == nil {
			bad = err
		}
		jobs = append(jobs, j)
	}, args...)
	if err == nil {
		err = bad
	}
	return jobs, err
}

func readJob(st *sqlite.Stmt) (Job, error) {
	j := Job{
		ID:       JobID(st.ColumnInt64(0)),
		Body:     BodyID(st.ColumnInt64(1)),
		Attempts: st.ColumnInt(4),
		Queued:   time.Unix(st.ColumnInt64(5), 0),
		Next:     time.Unix(st.ColumnInt64(6), 0),
	}
	var err error
	if from := st.ColumnText(2); from != "" { // the null reverse-path of a bounce
		if j.From, err = message.ParseAddress(from); err != nil {
			return j, fmt.Errorf("job %d: sender: %w", j.ID, err)
		}
	}
	if j.To, err = message.ParseAddress(st.ColumnText(3)); err != nil {
		return j, fmt.Errorf("job %d: recipient: %w", j.ID, err)
	}
	return j, nil
}

// enqueue makes a job that is due at once.
func enqueue(tx *tx, body BodyID, from, to message.Address) error {
	st, err := tx.Prepare(`INSERT INTO queue(body, sender, recipient, queued, next) VALUES(?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	st.BindInt64(1, int64(body))
	st.BindText(2, from.String())
	st.BindText(3, to.String())
	st.BindInt64(4, tx.now.Unix())
	st.BindInt64(5, tx.now.Unix())
	_, err = st.Step()
	return err
}
