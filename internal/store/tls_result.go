package store

import (
	"context"
	"strings"

	"zombiezen.com/go/sqlite"
)

// TLSResult counts sessions to one host of one domain that ended in one way on
// one day, for the report to that domain (RFC 8460 §4).
type TLSResult struct {
	Day           string // 2026-11-22, UTC
	Domain        string // the recipients', whose policy it is
	PolicyType    string // "sts", "tlsa" or "no-policy-found"
	PolicyStrings []string
	MXHosts       []string // that the policy allows
	Result        string   // "" is success, else a type of RFC 8460 §4.3
	MXHost        string   // spoken to
	SourceIP      string   // ours
	PeerIP        string   // theirs
	Detail        string   // "failure-reason-code" in our words
	Sessions      int64
}

// maxTLSResults is how many rows a day may have, each of about 300 octets: what
// comes beyond counts only where it adds to a row. A home writes to far fewer hosts.
const maxTLSResults = 5000

// CountTLS adds sessions to what was counted. A power cut may lose them.
func (s *Store) CountTLS(ctx context.Context, results []TLSResult) error {
	return wrap("count TLS sessions", s.writeLazy(ctx, func(tx *tx) error {
		room := make(map[string]int64) // rows that a day can still take
		for _, r := range results {
			added, err := addTLS(tx, r)
			if err == nil && !added {
				err = beginTLS(tx, r, room)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// addTLS adds to the row that is there, and keeps the policy and the detail that came last.
func addTLS(tx *tx, r TLSResult) (bool, error) {
	err := exec(tx.Conn, `UPDATE tls_result SET sessions = sessions + ?, strings = ?, mx_hosts = ?, detail = ?
		WHERE day = ? AND domain = ? AND policy = ? AND result = ? AND mx_host = ? AND source = ? AND peer = ?`,
		r.Sessions, strings.Join(r.PolicyStrings, "\n"), strings.Join(r.MXHosts, " "), r.Detail,
		r.Day, r.Domain, r.PolicyType, r.Result, r.MXHost, r.SourceIP, r.PeerIP)
	return tx.Changes() > 0, err
}

// beginTLS makes a row where the day has room for one.
func beginTLS(tx *tx, r TLSResult, room map[string]int64) error {
	if _, counted := room[r.Day]; !counted {
		n, err := number(tx.Conn, `SELECT count(*) FROM tls_result WHERE day = ?`, r.Day)
		if err != nil {
			return err
		}
		room[r.Day] = maxTLSResults - n
	}
	if room[r.Day] <= 0 {
		return nil
	}
	room[r.Day]--
	return exec(tx.Conn, `INSERT INTO tls_result(day, domain, policy, result, mx_host, source, peer, strings, mx_hosts, detail, sessions)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.Day, r.Domain, r.PolicyType, r.Result, r.MXHost, r.SourceIP, r.PeerIP,
		strings.Join(r.PolicyStrings, "\n"), strings.Join(r.MXHosts, " "), r.Detail, r.Sessions)
}

// TLSResults is what was counted on a day, by domain, successes first.
func (s *Store) TLSResults(ctx context.Context, day string) ([]TLSResult, error) {
	var list []TLSResult
	err := s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return query(c, `SELECT domain, policy, result, mx_host, source, peer, strings, mx_hosts, detail, sessions
			FROM tls_result WHERE day = ? ORDER BY domain, policy, result, mx_host, source, peer`, func(st *sqlite.Stmt) error {
			list = append(list, TLSResult{
				Day: day, Domain: st.ColumnText(0), PolicyType: st.ColumnText(1), Result: st.ColumnText(2), MXHost: st.ColumnText(3),
				SourceIP: st.ColumnText(4), PeerIP: st.ColumnText(5), PolicyStrings: split(st.ColumnText(6), "\n"),
				MXHosts: split(st.ColumnText(7), " "), Detail: st.ColumnText(8), Sessions: st.ColumnInt64(9),
			})
			return nil
		}, day)
	})
	return list, wrap("read TLS results of "+day, err)
}

// split undoes strings.Join; of nothing it is nil.
func split(text, sep string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, sep)
}

// TLSDays lists the days of which there are results, the oldest first.
func (s *Store) TLSDays(ctx context.Context) ([]string, error) {
	var days []string
	err := s.read(ctx, func(c *sqlite.Conn) error {
		days = nil
		return each(c, `SELECT DISTINCT day FROM tls_result ORDER BY day`, func(st *sqlite.Stmt) {
			days = append(days, st.ColumnText(0))
		})
	})
	return days, wrap("list days with TLS results", err)
}

// DropTLSResults forgets a day, once its reports are sent.
func (s *Store) DropTLSResults(ctx context.Context, day string) error {
	return wrap("drop TLS results of "+day, s.write(ctx, func(tx *tx) error {
		return exec(tx.Conn, `DELETE FROM tls_result WHERE day = ?`, day)
	}))
}
