package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// Refusal is mail that was not taken, and why.
type Refusal struct {
	ID        int64
	At        time.Time // the last time
	Times     int64
	Client    string // IP address
	Host      string // its confirmed name, or ""
	Helo      string
	Sender    string // of the envelope; "" for <>, and where it did not come to that
	Recipient string // "" where it did not come to that
	Reason    string // one word, for programs
	Reply     string // what was said
}

const (
	keepRefused  = 30 * day
	maxRefused   = 20_000 // rows: a few MB
	maxRefusedAt = 320    // octets of each text: an address (RFC 5321 §4.5.3.1)
)

// AddRefusals writes a batch. The same refusal as before counts once more and moves up. What is beyond the cap goes, the oldest first.
func (s *Store) AddRefusals(ctx context.Context, batch []Refusal) error {
	if len(batch) == 0 {
		return nil
	}
	return wrap("keep refusals", s.writeLazy(ctx, func(tx *tx) error {
		for _, r := range batch {
			cut := func(text string) string { return shorten(text, maxRefusedAt) }
			err := exec(tx.Conn, `INSERT INTO refused(seen, times, client, host, helo, sender, recipient, reason, reply)
				VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(client, sender, recipient, reason) DO UPDATE SET
				seen = max(seen, excluded.seen), times = times + excluded.times, host = excluded.host, helo = excluded.helo, reply = excluded.reply`,
				r.At, r.Times, r.Client, cut(r.Host), cut(r.Helo), cut(r.Sender), cut(r.Recipient), r.Reason, shorten(r.Reply, 2*maxRefusedAt))
			if err != nil {
				return err
			}
		}
		return trimTo(tx, "refused", "(id)", maxRefused)
	}))
}

const refusedColumns = `SELECT id, seen, times, client, host, helo, sender, recipient, reason, reply FROM refused `

// Refusals gives those of the last 30 days, the latest first. Nothing is held meanwhile.
func (s *Store) Refusals(ctx context.Context, give func(Refusal) error) error {
	const page = 100
	at, id := int64(1<<62), int64(1<<62)
	for {
		list, err := s.refusalsPage(ctx, at, id, page)
		if err != nil || len(list) == 0 {
			return wrap("list refusals", err)
		}
		for _, r := range list {
			if err := give(r); err != nil {
				return err
			}
			at, id = unix(r.At), r.ID
		}
	}
}

// Refusal is the one of that number. ErrNoRefusal.
func (s *Store) Refusal(ctx context.Context, id int64) (r Refusal, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err := one(c, refusedColumns+`WHERE id = ?`, func(st *sqlite.Stmt) { r = readRefusal(st) }, id)
		if err == nil && !found {
			err = ErrNoRefusal
		}
		return err
	})
	return r, wrap("read refusal", err)
}

func readRefusal(st *sqlite.Stmt) Refusal {
	return Refusal{
		ID: st.ColumnInt64(0), At: columnTime(st, 1), Times: st.ColumnInt64(2), Client: st.ColumnText(3), Host: st.ColumnText(4),
		Helo: st.ColumnText(5), Sender: st.ColumnText(6), Recipient: st.ColumnText(7), Reason: st.ColumnText(8), Reply: st.ColumnText(9),
	}
}
