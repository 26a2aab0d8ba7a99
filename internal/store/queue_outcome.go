package store

import (
	"fmt"

	"zombiezen.com/go/sqlite"
)

func settleAll(tx *tx, outcomes []Outcome) error {
	dests := make(map[int64]bool)
	for _, o := range outcomes {
		dest, err := settle(tx, o)
		if err != nil {
			return fmt.Errorf("job %s: %w", o.Job, err)
		}
		if dest != 0 {
			dests[dest] = true
		}
	}
	return rescheduleAll(tx, dests)
}

// settle writes one outcome. It gives the destination that is to be
// rescheduled, 0 when the job is no more.
func settle(tx *tx, o Outcome) (dest int64, err error) {
	j, err := readSettled(tx.Conn, o.Job)
	if err != nil || j == nil {
		return 0, err
	}
	if o.Fate == Deferred {
		return j.dest, j.postpone(tx, o)
	}
	if o.Fate < Delivered || o.Fate > Dropped {
		return 0, fmt.Errorf("no such fate as %d", o.Fate)
	}
	return j.dest, j.end(tx, o)
}

// settled is a job that something became of.
type settled struct {
	Job
	Envelope
	dest  int64
	spoke bool // it had words of its own before
}

func readSettled(c *sqlite.Conn, id JobID) (*settled, error) {
	var j settled
	found, err := one(c, jobRows+`WHERE j.id = ?+0`, func(st *sqlite.Stmt) {
		j.Job, j.dest, j.spoke = readJob(st), st.ColumnInt64(20), st.ColumnInt(8) != 0
	}, int64(id))
	if err != nil || !found {
		return nil, err
	}
	_, err = one(c, envelopeRow, func(st *sqlite.Stmt) { j.Envelope = readEnvelope(st) }, int64(id.Envelope()))
	return &j, err
}

// postpone keeps the job. The history has the first time alone.
func (j *settled) postpone(tx *tx, o Outcome) error {
	if !o.Next.IsZero() {
		tx.queue()
	}
	err := exec(tx.Conn, `UPDATE job SET warned = max(warned, ?1), next = CASE WHEN next IS NULL OR ?2 = 0 THEN next ELSE ?2 END WHERE id = ?3`,
		o.Warned, o.Next, j.Job.ID)
	if err != nil || o.Reply.Code == 0 {
		return err
	}
	err = exec(tx.Conn, `UPDATE job SET code = ?, enhanced = ?, reply = ?, host = ?, said = ? WHERE id = ?`,
		o.Reply.Code, enhanced(o.Reply), replyText(o.Reply), shorten(o.Host, maxHost), tx.now, j.Job.ID)
	if err != nil || j.spoke {
		return err
	}
	return j.remember(tx, o)
}

// end removes the job, and its envelope with the last.
func (j *settled) end(tx *tx, o Outcome) error {
	if o.Reply.Code == 0 {
		o.Reply, o.Host = j.Reply, j.Host
	}
	if err := j.remember(tx, o); err != nil {
		return err
	}
	if err := run(tx.Conn, `DELETE FROM job WHERE id = ?`, int64(j.Job.ID)); err != nil {
		return err
	}
	e := j.Envelope.ID
	others, err := one(tx.Conn, `SELECT 1 FROM job WHERE id BETWEEN ? AND ? LIMIT 1`, func(*sqlite.Stmt) {},
		int64(firstJob(e)), int64(lastJob(e)))
	if err != nil || others {
		return err
	}
	if err := run(tx.Conn, `DELETE FROM envelope WHERE id = ?`, int64(e)); err != nil {
		return err
	}
	return dropBody(tx, j.Body)
}
