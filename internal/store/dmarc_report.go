package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// ReportID names a report that came from others.
type ReportID int64

// Report is what others found out about mail of one of our domains, or about
// the way to it.
type Report struct {
	ID          ReportID // of the store; AddReport does not look at it
	Kind        string   // ReportDMARC or ReportTLS
	Domain      string   // ours
	Reporter    string   // the organization that reports
	Contact     string
	Name        string // the reporter's id of it
	From, Until time.Time
	At          time.Time   // when it came
	Rows        []ReportRow // Reports leaves them out
	Good, Bad   int64       // of Reports: mails or sessions that were right, and that were not
}

// The kinds of reports.
const (
	ReportDMARC = "dmarc" // RFC 7489 §7.2
	ReportTLS   = "tls"   // RFC 8460
)

// ReportRow is one line of a report.
type ReportRow struct {
	Source      string // IP address that sent
	Host        string // of TLS: the server that was spoken to
	Author      string // of DMARC: domain of From
	Disposition string // of DMARC: none, quarantine, reject
	DKIM, SPF   string // of DMARC: pass, fail
	Result      string // of TLS: RFC 8460 §4.3, "" is success; of DMARC: the reason to override
	Detail      string
	Count       int64
}

// maxReports are kept, the newest: a domain gets about ten a day.
const maxReports = 2000

// AddReport keeps a report. One that is here already, by domain, reporter and
// name, is left as it is: added is false.
func (s *Store) AddReport(ctx context.Context, r Report) (added bool, err error) {
	err = s.write(ctx, func(tx *tx) error {
		added = false
		err := exec(tx.Conn, `INSERT OR IGNORE INTO report(kind, domain, reporter, contact, name, since, until, at) VALUES(?, ?, ?, ?, ?, ?, ?, ?)`,
			r.Kind, r.Domain, r.Reporter, r.Contact, r.Name, r.From, r.Until, tx.now)
		if err != nil || tx.Changes() == 0 {
			return err
		}
		added = true
		id := tx.LastInsertRowID()
		if err := addReportRows(tx, id, r.Rows); err != nil {
			return err
		}
		return exec(tx.Conn, `DELETE FROM report WHERE id <= ?`, id-maxReports)
	})
	return added, wrap("keep report of "+r.Reporter, err)
}

func addReportRows(tx *tx, id int64, rows []ReportRow) error {
	for i, row := range rows {
		err := exec(tx.Conn, `INSERT INTO report_row(report, place, source, host, author, disposition, dkim, spf, result, detail, count)
			VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, i, row.Source, row.Host, row.Author, row.Disposition,
			row.DKIM, row.SPF, row.Result, row.Detail, row.Count)
		if err != nil {
			return err
		}
	}
	return nil
}

// ReportQuery chooses reports: of one kind and one domain, or of all where they are "".
type ReportQuery struct {
	Kind, Domain string
	Before       ReportID // 0: from the newest
	Max          int
}

// Reports lists reports without their rows, the newest first.
func (s *Store) Reports(ctx context.Context, q ReportQuery) ([]Report, error) {
	var list []Report
	err := s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return query(c, `SELECT id, kind, domain, reporter, contact, name, since, until, at,
			(SELECT coalesce(sum(count), 0) FROM report_row WHERE report = id AND (dkim = 'pass' OR spf = 'pass' OR kind = 'tls' AND result = '')),
			(SELECT coalesce(sum(count), 0) FROM report_row WHERE report = id)
			FROM report WHERE (?1 = '' OR kind = ?1) AND (?2 = '' OR domain = ?2) AND (?3 = 0 OR id < ?3) ORDER BY id DESC LIMIT ?4`,
			func(st *sqlite.Stmt) error {
				r := Report{
					ID: ReportID(st.ColumnInt64(0)), Kind: st.ColumnText(1), Domain: st.ColumnText(2), Reporter: st.ColumnText(3),
					Contact: st.ColumnText(4), Name: st.ColumnText(5), From: columnTime(st, 6), Until: columnTime(st, 7), At: columnTime(st, 8),
					Good: st.ColumnInt64(9),
				}
				r.Bad = st.ColumnInt64(10) - r.Good
				list = append(list, r)
				return nil
			}, q.Kind, q.Domain, int64(q.Before), q.Max)
	})
	return list, wrap("list reports", err)
}

// ReportRows is what a report says, in its order.
func (s *Store) ReportRows(ctx context.Context, id ReportID) ([]ReportRow, error) {
	var list []ReportRow
	err := s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return query(c, `SELECT source, host, author, disposition, dkim, spf, result, detail, count FROM report_row
			WHERE report = ? ORDER BY place`, func(st *sqlite.Stmt) error {
			list = append(list, ReportRow{
				Source: st.ColumnText(0), Host: st.ColumnText(1), Author: st.ColumnText(2), Disposition: st.ColumnText(3), DKIM: st.ColumnText(4),
				SPF: st.ColumnText(5), Result: st.ColumnText(6), Detail: st.ColumnText(7), Count: st.ColumnInt64(8),
			})
			return nil
		}, int64(id))
	})
	return list, wrap("read report", err)
}
