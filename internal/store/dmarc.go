package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// DMARCRow counts mails of one day that were judged alike, for the report to the
// domain whose record governs (RFC 7489 §7.2).
type DMARCRow struct {
	Day         string // 2026-11-22, UTC
	Domain      string // whose record governs
	Record      string // as it was published
	Source      string // IP address of the client
	Author      string // domain of From
	Envelope    string // domain of the reverse-path; "" of <>
	Disposition string // none, quarantine, reject
	DKIM, SPF   string // pass, fail: aligned, as DMARC counts it
	Override    string // RFC 7489 appendix C; "" none
	Comment     string // on Override
	Auth        string // what SPF and DKIM found, a line each
	Count       int64
}

// maxDMARCRows is how many rows a day may have, each of about 500 octets: what
// comes beyond counts only where it adds to a row.
const maxDMARCRows = 5000

// CountDMARC adds mails to what was counted. A power cut may lose them.
func (s *Store) CountDMARC(ctx context.Context, rows []DMARCRow) error {
	if len(rows) == 0 {
		return nil
	}
	return wrap("count judged mail", s.writeLazy(ctx, func(tx *tx) error {
		room := make(map[string]int64) // rows that a day can still take
		for _, r := range rows {
			added, err := addDMARC(tx, r)
			if err == nil && !added {
				err = beginDMARC(tx, r, room)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// addDMARC adds to the row that is there.
func addDMARC(tx *tx, r DMARCRow) (bool, error) {
	err := exec(tx.Conn, `UPDATE dmarc_count SET count = count + ? WHERE day = ? AND domain = ? AND source = ? AND author = ?
		AND envelope = ? AND disposition = ? AND dkim = ? AND spf = ? AND override = ? AND comment = ? AND auth = ? AND record = ?`,
		r.Count, r.Day, r.Domain, r.Source, r.Author, r.Envelope, r.Disposition, r.DKIM, r.SPF, r.Override, r.Comment, r.Auth, r.Record)
	return tx.Changes() > 0, err
}

// beginDMARC makes a row where the day has room for one.
func beginDMARC(tx *tx, r DMARCRow, room map[string]int64) error {
	if _, counted := room[r.Day]; !counted {
		n, err := number(tx.Conn, `SELECT count(*) FROM dmarc_count WHERE day = ?`, r.Day)
		if err != nil {
			return err
		}
		room[r.Day] = maxDMARCRows - n
	}
	if room[r.Day] <= 0 {
		return nil
	}
	room[r.Day]--
	return exec(tx.Conn, `INSERT INTO dmarc_count(day, domain, record, source, author, envelope, disposition, dkim, spf, override, comment, auth, count)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.Day, r.Domain, r.Record, r.Source, r.Author, r.Envelope,
		r.Disposition, r.DKIM, r.SPF, r.Override, r.Comment, r.Auth, r.Count)
}

// DMARCRows is what was counted on a day, by domain.
func (s *Store) DMARCRows(ctx context.Context, day string) ([]DMARCRow, error) {
	var list []DMARCRow
	err := s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return query(c, `SELECT domain, record, source, author, envelope, disposition, dkim, spf, override, comment, auth, count
			FROM dmarc_count WHERE day = ? ORDER BY domain, source, author, count DESC`, func(st *sqlite.Stmt) error {
			list = append(list, DMARCRow{
				Day: day, Domain: st.ColumnText(0), Record: st.ColumnText(1), Source: st.ColumnText(2), Author: st.ColumnText(3),
				Envelope: st.ColumnText(4), Disposition: st.ColumnText(5), DKIM: st.ColumnText(6), SPF: st.ColumnText(7),
				Override: st.ColumnText(8), Comment: st.ColumnText(9), Auth: st.ColumnText(10), Count: st.ColumnInt64(11),
			})
			return nil
		}, day)
	})
	return list, wrap("read judged mail of "+day, err)
}

// DMARCDays lists the days of which mail was counted, the oldest first.
func (s *Store) DMARCDays(ctx context.Context) ([]string, error) {
	var days []string
	err := s.read(ctx, func(c *sqlite.Conn) error {
		days = nil
		return each(c, `SELECT DISTINCT day FROM dmarc_count ORDER BY day`, func(st *sqlite.Stmt) {
			days = append(days, st.ColumnText(0))
		})
	})
	return days, wrap("list days of judged mail", err)
}

// DropDMARC forgets a day, once its reports are sent.
func (s *Store) DropDMARC(ctx context.Context, day string) error {
	return wrap("drop judged mail of "+day, s.write(ctx, func(tx *tx) error {
		return exec(tx.Conn, `DELETE FROM dmarc_count WHERE day = ?`, day)
	}))
}
