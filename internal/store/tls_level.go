package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// TLSLevel is how safely mail last went to a domain.
type TLSLevel uint8

// Each is safer than the one before. The numbers stand in the file.
const (
	NoTLS      TLSLevel = iota // in plain text
	Unverified                 // encrypted, to whoever answered
	Verified                   // with a certificate that fits the name (PKIX)
	STS                        // that, as the domain's MTA-STS policy demands
	DANE                       // with a certificate that DNSSEC vouches for
)

// levelEvery is how often the use of an unchanged level is written down.
const levelEvery = 24 * time.Hour

// TLSLevel is the level remembered for a domain and when it was last seen; the
// time is zero for a domain that is not known.
func (s *Store) TLSLevel(ctx context.Context, domain string) (level TLSLevel, seen time.Time, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		_, err := queryRow(c, `SELECT level, seen FROM tls_level WHERE domain = ?`, func(st *sqlite.Stmt) {
			level, seen = TLSLevel(st.ColumnInt64(0)), columnTime(st, 1)
		}, domain)
		return err
	})
	return level, seen, wrap("read TLS level of "+domain, err)
}

// KeepTLSLevel remembers a level in place of the one before. Nothing is written
// where the same was noted within a day; a power cut may lose it.
func (s *Store) KeepTLSLevel(ctx context.Context, domain string, level TLSLevel) error {
	have, seen, err := s.TLSLevel(ctx, domain)
	if err != nil || have == level && s.now().Sub(seen) < levelEvery {
		return err
	}
	return wrap("keep TLS level of "+domain, s.writeLazy(ctx, func(tx *tx) error {
		return exec(tx.Conn, `INSERT INTO tls_level(domain, level, seen) VALUES(?, ?, ?)
			ON CONFLICT(domain) DO UPDATE SET level = excluded.level, seen = excluded.seen`, domain, int64(level), tx.now)
	}))
}
