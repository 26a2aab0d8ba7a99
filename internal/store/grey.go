package store

import (
	"context"
	"crypto/sha256"
	"time"

	"zombiezen.com/go/sqlite"
)

// Times of greylisting.
const (
	greyLeast = time.Minute   // a sender that comes again sooner did not wait
	greyMost  = 4 * time.Hour // one that comes later begins anew
	keepWhite = 35 * day      // after the last mail: longer than a monthly newsletter
	maxGrey   = 20_000        // rows: whoever makes up senders pushes out others that did
)

// GreyAnswer is what greylisting says.
type GreyAnswer struct {
	Pass bool
	Wait time.Duration // until it may pass
}

// Greylist asks whether mail from the network, by the sender, to the recipient may pass: it does when the same came before,
// at least a minute and at most 4 hours ago, and then for 35 days after each. One that passes costs a write a day at most.
func (s *Store) Greylist(ctx context.Context, network, sender, recipient string) (GreyAnswer, error) {
	key := triplet(network, sender, recipient)
	now := s.now()
	row, err := s.readGrey(ctx, key)
	switch {
	case err != nil:
		return GreyAnswer{}, err
	case row.white && now.Sub(row.seen) < keepWhite:
		if now.Sub(row.seen) < day {
			return GreyAnswer{Pass: true}, nil
		}
	case !row.found, row.white, now.Sub(row.first) > greyMost, now.Before(row.first):
		return GreyAnswer{Wait: greyLeast}, s.writeGrey(ctx, key, false)
	case now.Sub(row.first) < greyLeast:
		return GreyAnswer{Wait: row.first.Add(greyLeast).Sub(now)}, nil
	}
	return GreyAnswer{Pass: true}, s.writeGrey(ctx, key, true)
}

// triplet is hashed, so that names made up by strangers take no room.
func triplet(network, sender, recipient string) []byte {
	sum := sha256.Sum256([]byte(network + "\x00" + sender + "\x00" + recipient))
	return sum[:16]
}

type greyRow struct {
	found, white bool
	first, seen  time.Time
}

func (s *Store) readGrey(ctx context.Context, key []byte) (row greyRow, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) (err error) {
		row.found, err = queryRow(c, `SELECT first, seen, white FROM grey WHERE triplet = ?`, func(st *sqlite.Stmt) {
			row.first, row.seen, row.white = columnTime(st, 0), columnTime(st, 1), st.ColumnBool(2)
		}, key)
		return err
	})
	return row, wrap("look at the greylist", err)
}

// writeGrey notes that the triplet came now: for the first time, or rightly again.
func (s *Store) writeGrey(ctx context.Context, key []byte, white bool) error {
	return wrap("keep the greylist", s.writeLazy(ctx, func(tx *tx) error {
		err := exec(tx.Conn, `INSERT INTO grey(triplet, first, seen, white) VALUES(?1, ?2, ?2, ?3)
			ON CONFLICT DO UPDATE SET first = CASE WHEN ?3 THEN first ELSE ?2 END, seen = ?2, white = ?3`, key, tx.now, white)
		if err != nil {
			return err
		}
		return trimTo(tx, "grey", "(triplet)", maxGrey)
	}))
}
