package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

const day = 24 * time.Hour

// old is what has had its time in a table about sending.
type old struct {
	table string
	where string // with ? for the time before which it is old
	keep  time.Duration
}

func oldSending() []old {
	return []old{
		{"sending", "minute * 60 < ?", 2 * day},                                // limits look back a day
		{"sts_policy", "fetched + max_age < ?", 0},                             // RFC 8461 §5.1
		{"tls_level", "seen < ?", 180 * day},                                   // who has not been written to for so long may have changed for good
		{"tls_result", "julianday(day) < julianday(?, 'unixepoch')", 7 * day},  // RFC 8460 §5.3: reports are tried for a day
		{"dmarc_count", "julianday(day) < julianday(?, 'unixepoch')", 7 * day}, // as those of TLS
		{"report", "at < ?", 180 * day},                                        // a page that shows more is a page nobody reads
		{"note", "name LIKE 'tls.lost %' AND at < ?", 60 * day},                // levels of TLS are expected for 30 days
		{"answered", "at < ?", 31 * day},                                       // longer than any time between two answers
		{"sent_copy", "at < ?", day},                                           // programs store their copy within minutes
	}
}

// forgetSending drops all of that, and writes nothing where nothing is old.
func (s *Store) forgetSending(ctx context.Context) error {
	for _, o := range oldSending() {
		before := s.now().Add(-o.keep)
		found := false
		err := s.read(ctx, func(c *sqlite.Conn) (err error) {
			found, err = queryRow(c, "SELECT 1 FROM "+o.table+" WHERE "+o.where+" LIMIT 1", nil, before)
			return err
		})
		if err == nil && found {
			err = s.writeLazy(ctx, func(tx *tx) error {
				return exec(tx.Conn, "DELETE FROM "+o.table+" WHERE "+o.where, before)
			})
		}
		if err != nil {
			return wrap("store: forget old rows of "+o.table, err)
		}
	}
	return nil
}
