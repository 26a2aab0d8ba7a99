package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// keepHistory is how long it is known what became of a recipient.
const keepHistory = 30 * 24 * time.Hour

// Handled is one line of the history: the end of a job, or that it was deferred for the first time.
type Handled struct {
	ID       int64 // ascending
	At       time.Time
	LogID    string
	Account  AccountID // who sent it; 0 is the box itself
	From, To message.Address
	Fate     Fate
	Reply    message.Reply // the remote's words
	Host     string
	TLS      string
	Attempts int
	Queued   time.Time
}

// HistoryQuery says which lines are wanted. Zero values mean all.
type HistoryQuery struct {
	Account  AccountID
	Before   time.Time
	BeforeID int64 // the ID of the last line had, for the next page
	Max      int
}

// maxHistory is a page of lines where the query does not say.
const maxHistory = 100

// History gives lines of the last 30 days, the newest first.
func (s *Store) History(ctx context.Context, q HistoryQuery) (list []Handled, err error) {
	before, beforeID, limit := int64(1<<62), int64(1<<62), int64(maxHistory)
	if !q.Before.IsZero() {
		before = q.Before.Unix()
	}
	if q.BeforeID > 0 {
		beforeID = q.BeforeID
	}
	if q.Max > 0 {
		limit = int64(q.Max)
	}
	err = s.read(ctx, func(c *sqlite.Conn) error {
		return each(c, `SELECT id, at, log, account, from_local, from_domain, to_local, to_domain, fate,
			code, enhanced, reply, host, tls, attempts, queued FROM history
			WHERE id < ?1 AND at < ?2 AND (?3 = 0 OR account = ?3) ORDER BY id DESC LIMIT ?4`,
			func(st *sqlite.Stmt) { list = append(list, readHandled(st)) }, beforeID, before, int64(q.Account), limit)
	})
	return list, wrap("history", err)
}

func readHandled(st *sqlite.Stmt) Handled {
	return Handled{
		ID:       st.ColumnInt64(0),
		At:       columnTime(st, 1),
		LogID:    st.ColumnText(2),
		Account:  AccountID(st.ColumnInt64(3)),
		From:     message.Address{Local: st.ColumnText(4), Domain: st.ColumnText(5)},
		To:       message.Address{Local: st.ColumnText(6), Domain: st.ColumnText(7)},
		Fate:     Fate(st.ColumnInt64(8)),
		Reply:    readReply(st, 9),
		Host:     st.ColumnText(12),
		TLS:      st.ColumnText(13),
		Attempts: st.ColumnInt(14),
		Queued:   columnTime(st, 15),
	}
}

// remember writes a line.
func (j *settled) remember(tx *tx, o Outcome) error {
	return exec(tx.Conn, `INSERT INTO history(at, log, account, from_local, from_domain, to_local, to_domain, fate,
		code, enhanced, reply, host, tls, attempts, queued) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.now, j.LogID, j.Account, j.From.Local, j.From.Domain, j.To.Local, j.To.Domain, int64(o.Fate),
		o.Reply.Code, enhanced(o.Reply), replyText(o.Reply), shorten(o.Host, maxHost), shorten(o.TLS, maxHost), j.Attempts, j.Queued)
}

// forgetHistory removes lines that are too old.
func (s *Store) forgetHistory(ctx context.Context) error {
	const slice = 500 // lines
	before := s.now().Add(-keepHistory).Unix()
	err := s.slices(ctx, func(tx *tx) (more bool, err error) {
		err = run(tx.Conn, `DELETE FROM history WHERE id IN (SELECT id FROM history WHERE at < ? LIMIT ?)`, before, slice)
		return tx.Changes() == slice, err
	})
	return wrap("forget history", err)
}
