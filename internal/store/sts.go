package store

import (
	"context"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// STSPolicy is what a domain last said of its TLS (RFC 8461 §3.2).
type STSPolicy struct {
	Domain  string        // as message.Address has it
	ID      string        // of the TXT record (§3.1)
	Mode    string        // "enforce", "testing" or "none"
	MX      []string      // patterns
	MaxAge  time.Duration // from Fetched, in whole seconds
	Fetched time.Time
}

// STSPolicy is the policy kept for a domain, unless it has expired (RFC 8461 §5.1).
func (s *Store) STSPolicy(ctx context.Context, domain string) (p STSPolicy, found bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err = queryRow(c, `SELECT id, mode, mx, max_age, fetched FROM sts_policy WHERE domain = ? AND fetched + max_age > ?`,
			func(st *sqlite.Stmt) {
				p = STSPolicy{
					Domain: domain, ID: st.ColumnText(0), Mode: st.ColumnText(1), MX: split(st.ColumnText(2), " "),
					MaxAge: time.Duration(st.ColumnInt64(3)) * time.Second, Fetched: columnTime(st, 4),
				}
			}, domain, s.now())
		return err
	})
	return p, found, wrap("read MTA-STS policy of "+domain, err)
}

// KeepSTSPolicy keeps a policy in place of the one before. A power cut may lose it.
func (s *Store) KeepSTSPolicy(ctx context.Context, p STSPolicy) error {
	return wrap("keep MTA-STS policy of "+p.Domain, s.writeLazy(ctx, func(tx *tx) error {
		return exec(tx.Conn, `INSERT INTO sts_policy(domain, id, mode, mx, max_age, fetched) VALUES(?, ?, ?, ?, ?, ?)
			ON CONFLICT(domain) DO UPDATE SET id = excluded.id, mode = excluded.mode, mx = excluded.mx,
			max_age = excluded.max_age, fetched = excluded.fetched`,
			p.Domain, p.ID, p.Mode, strings.Join(p.MX, " "), int64(p.MaxAge/time.Second), p.Fetched)
	}))
}
