package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// DKIMKey is one key with which mail from a domain is signed. A domain signs
// with all its active keys at once, each under a selector of its own.
type DKIMKey struct {
	Domain    string // U-label, lower case
	Selector  string // lower case; one key each (RFC 6376 §3.6.2.2)
	Algorithm string // "rsa" or "ed25519"
	Private   []byte // PKCS #8, DER
	State     string // KeyNext, KeyActive or KeyRetired
	Created   time.Time
	Changed   time.Time // when it came into its state
}

// The life of a DKIM key, all of which it stands in DNS.
const (
	KeyNext    = "next"    // signs after the next turn; caches may learn it until then
	KeyActive  = "active"  // signs
	KeyRetired = "retired" // signs no more; mail that it signed is on its way yet
)

// AddDKIMKeys adds keys, all or none; zero times are now. ErrNoDomain, ErrExists
// for a selector that is taken, ErrBadName.
func (s *Store) AddDKIMKeys(ctx context.Context, keys []DKIMKey) error {
	return wrap("add DKIM keys", s.write(ctx, func(tx *tx) error {
		for _, k := range keys {
			if err := addDKIMKey(tx, k); err != nil {
				return fmt.Errorf("%s of %s: %w", k.Selector, k.Domain, err)
			}
		}
		return nil
	}))
}

func addDKIMKey(tx *tx, k DKIMKey) error {
	if err := k.check(); err != nil {
		return err
	}
	domain, err := domainName(k.Domain)
	if err != nil {
		return err
	}
	ours, err := isLocal(tx.Conn, domain)
	if err != nil {
		return err
	}
	if !ours {
		return ErrNoDomain
	}
	if k.Created.IsZero() {
		k.Created = tx.now
	}
	if k.Changed.IsZero() {
		k.Changed = k.Created
	}
	err = exec(tx.Conn, `INSERT INTO dkim_key(domain, selector, algorithm, private, state, created, changed)
		VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		domain, strings.ToLower(k.Selector), k.Algorithm, k.Private, k.State, k.Created, k.Changed)
	if err == nil && tx.Changes() == 0 {
		err = ErrExists
	}
	return err
}

func (k DKIMKey) check() error {
	switch k.State {
	case KeyNext, KeyActive, KeyRetired:
	default:
		return fmt.Errorf("state %q: %w", k.State, ErrBadName)
	}
	if k.Algorithm != "rsa" && k.Algorithm != "ed25519" {
		return fmt.Errorf("algorithm %q: %w", k.Algorithm, ErrBadName)
	}
	if len(k.Private) == 0 || k.Selector == "" || strings.Trim(strings.ToLower(k.Selector), "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return ErrBadName // RFC 6376 §3.1: labels of a domain name
	}
	return nil
}

// DKIMKeys lists the keys of a domain, the active ones first and among those of
// a state by selector.
func (s *Store) DKIMKeys(ctx context.Context, domain string) ([]DKIMKey, error) {
	name, err := domainName(domain)
	if err != nil {
		return nil, err
	}
	var list []DKIMKey
	err = s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return query(c, `SELECT selector, algorithm, private, state, created, changed FROM dkim_key WHERE domain = ?
			ORDER BY CASE state WHEN 'active' THEN 0 WHEN 'next' THEN 1 ELSE 2 END, selector`, func(st *sqlite.Stmt) error {
			list = append(list, DKIMKey{
				Domain: name, Selector: st.ColumnText(0), Algorithm: st.ColumnText(1), Private: blob(st, 2),
				State: st.ColumnText(3), Created: columnTime(st, 4), Changed: columnTime(st, 5),
			})
			return nil
		}, name)
	})
	return list, wrap("list DKIM keys of "+name, err)
}

// TurnDKIMKeys makes the next keys of a domain sign and retires those that did.
// ErrNoDKIMKey where there are no next ones: mail would go unsigned.
func (s *Store) TurnDKIMKeys(ctx context.Context, domain string, now time.Time) error {
	name, err := domainName(domain)
	if err != nil {
		return err
	}
	return wrap("turn DKIM keys of "+name, s.write(ctx, func(tx *tx) error {
		ready, err := number(tx.Conn, `SELECT count(*) FROM dkim_key WHERE domain = ? AND state = 'next'`, name)
		if err != nil {
			return err
		}
		if ready == 0 {
			return ErrNoDKIMKey
		}
		return exec(tx.Conn, `UPDATE dkim_key SET state = CASE state WHEN 'next' THEN 'active' ELSE 'retired' END, changed = ?
			WHERE domain = ? AND state IN ('next', 'active')`, now, name)
	}))
}

// RemoveDKIMKeys removes the key of a selector. ErrNoDKIMKey.
func (s *Store) RemoveDKIMKeys(ctx context.Context, domain, selector string) error {
	name, err := domainName(domain)
	if err != nil {
		return err
	}
	return wrap("remove a DKIM key of "+name, s.write(ctx, func(tx *tx) error {
		err := exec(tx.Conn, `DELETE FROM dkim_key WHERE domain = ? AND selector = ?`, name, strings.ToLower(selector))
		if err == nil && tx.Changes() == 0 {
			err = ErrNoDKIMKey
		}
		return err
	}))
}
