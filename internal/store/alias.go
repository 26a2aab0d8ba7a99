package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Alias sends mail for one address (or, with Local "", for a whole domain: catch-all) to several targets.
type Alias struct {
	Address message.Address
	Targets []message.Address
}

// maxTargets is how many targets one alias may have: a small club's list.
const maxTargets = 200

// aliasKey is how an alias is looked up; a catch-all has no local part.
func aliasKey(a message.Address) string {
	if a.Local == "" {
		return "@" + a.Domain
	}
	return a.Key()
}

// AddAlias adds targets to what is there. ErrNoDomain, ErrExists where an account has the address, ErrBadName.
func (s *Store) AddAlias(ctx context.Context, a message.Address, targets []message.Address) error {
	if a.Domain == "" || len(targets) == 0 {
		return fmt.Errorf("alias %q: it needs a domain and a target: %w", a, ErrBadName)
	}
	for _, t := range targets {
		if t.Local == "" || t.Domain == "" || t.Key() == aliasKey(a) {
			return fmt.Errorf("target %q of alias %s: %w", t, aliasKey(a), ErrBadName)
		}
	}
	return s.write(ctx, func(tx *tx) error {
		if err := checkAlias(tx.Conn, a); err != nil {
			return err
		}
		for _, t := range targets {
			if err := insertTarget(tx, a, t); err != nil {
				return fmt.Errorf("store: add alias %s: %w", aliasKey(a), err)
			}
		}
		return checkTargets(tx.Conn, a)
	})
}

func checkAlias(c *sqlite.Conn, a message.Address) error {
	local, err := isLocal(c, a.Domain)
	if err != nil {
		return err
	}
	if !local {
		return fmt.Errorf("domain %s: %w", a.Domain, ErrNoDomain)
	}
	taken, err := number(c, "SELECT count(*) FROM account WHERE key = ?", aliasKey(a))
	if err == nil && taken > 0 {
		err = fmt.Errorf("%s is an account: %w", a, ErrExists)
	}
	return err
}

func insertTarget(tx *tx, a, t message.Address) error {
	return exec(tx.Conn, `INSERT INTO alias(key, target, local, domain, target_local, target_domain) VALUES(?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, aliasKey(a), t.Key(), a.Local, a.Domain, t.Local, t.Domain)
}

func checkTargets(c *sqlite.Conn, a message.Address) error {
	n, err := number(c, "SELECT count(*) FROM alias WHERE key = ?", aliasKey(a))
	if err == nil && n > maxTargets {
		err = fmt.Errorf("alias %s would have %d targets, at most %d are possible: %w", aliasKey(a), n, maxTargets, ErrBadName)
	}
	return err
}

// Aliases lists all by domain and name, catch-alls first.
func (s *Store) Aliases(ctx context.Context) ([]Alias, error) {
	var list []Alias
	last := ""
	err := s.read(ctx, func(c *sqlite.Conn) error {
		return query(c, "SELECT key, local, domain, target_local, target_domain FROM alias ORDER BY domain, key, target", func(st *sqlite.Stmt) error {
			if key := st.ColumnText(0); key != last || len(list) == 0 {
				list = append(list, Alias{Address: message.Address{Local: st.ColumnText(1), Domain: st.ColumnText(2)}})
				last = key
			}
			a := &list[len(list)-1]
			a.Targets = append(a.Targets, message.Address{Local: st.ColumnText(3), Domain: st.ColumnText(4)})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("store: list aliases: %w", err)
	}
	return list, nil
}

// RemoveAlias removes it with all its targets. ErrNoAlias.
func (s *Store) RemoveAlias(ctx context.Context, a message.Address) error {
	return s.write(ctx, func(tx *tx) error {
		if err := exec(tx.Conn, "DELETE FROM alias WHERE key = ?", aliasKey(a)); err != nil {
			return fmt.Errorf("store: remove alias %s: %w", aliasKey(a), err)
		}
		if tx.Changes() == 0 {
			return fmt.Errorf("alias %s: %w", aliasKey(a), ErrNoAlias)
		}
		return nil
	})
}
