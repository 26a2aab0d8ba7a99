package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Domain is one that mail is accepted for.
type Domain struct {
	Name    string // U-label, lower case
	Created time.Time
}

// AddDomain makes name one of ours. ErrBadName, ErrExists.
func (s *Store) AddDomain(ctx context.Context, name string) error {
	domain, err := domainName(name)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *tx) error {
		if err := exec(tx.Conn, "INSERT INTO domain(name, created) VALUES(?, ?) ON CONFLICT DO NOTHING", domain, tx.now); err != nil {
			return fmt.Errorf("store: add domain %s: %w", domain, err)
		}
		if tx.Changes() == 0 {
			return fmt.Errorf("domain %s: %w", domain, ErrExists)
		}
		tx.onCommit(s.RingHouse)
		return nil
	})
}

// Domains lists ours by name.
func (s *Store) Domains(ctx context.Context) ([]Domain, error) {
	var list []Domain
	err := s.read(ctx, func(c *sqlite.Conn) error {
		return query(c, "SELECT name, created FROM domain ORDER BY name", func(st *sqlite.Stmt) error {
			list = append(list, Domain{Name: st.ColumnText(0), Created: columnTime(st, 1)})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("store: list domains: %w", err)
	}
	return list, nil
}

// RemoveDomain ends it. ErrInUse while accounts or aliases stand in it, ErrNoDomain.
func (s *Store) RemoveDomain(ctx context.Context, name string) error {
	domain, err := domainName(name)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *tx) error {
		users, err := number(tx.Conn, `SELECT (SELECT count(*) FROM account WHERE domain = ?1) + (SELECT count(*) FROM alias WHERE domain = ?1)`, domain)
		if err != nil {
			return fmt.Errorf("store: remove domain %s: %w", domain, err)
		}
		if users > 0 {
			return fmt.Errorf("domain %s has accounts or aliases: %w", domain, ErrInUse)
		}
		if err := exec(tx.Conn, "DELETE FROM domain WHERE name = ?", domain); err != nil {
			return fmt.Errorf("store: remove domain %s: %w", domain, err)
		}
		if tx.Changes() == 0 {
			return fmt.Errorf("domain %s: %w", domain, ErrNoDomain)
		}
		tx.onCommit(s.RingHouse)
		return nil
	})
}

// IsLocalDomain tells whether mail for the domain is ours.
func (s *Store) IsLocalDomain(ctx context.Context, name string) (local bool, err error) {
	domain, err := domainName(name)
	if err != nil {
		return false, nil // what is no domain is not ours
	}
	err = s.read(ctx, func(c *sqlite.Conn) error {
		local, err = isLocal(c, domain)
		return err
	})
	return local, err
}

// isLocal wants the domain as message.ParseAddress leaves it.
func isLocal(c *sqlite.Conn, domain string) (bool, error) {
	return queryRow(c, "SELECT 1 FROM domain WHERE name = ?", nil, domain)
}

// domainName is the form in which domains are kept: that of message.Address.
func domainName(name string) (string, error) {
	a, err := message.ParseAddress("postmaster@" + strings.TrimSuffix(strings.TrimSpace(name), "."))
	if err != nil || strings.HasPrefix(a.Domain, "[") {
		return "", fmt.Errorf("domain %q: %w", name, ErrBadName)
	}
	return a.Domain, nil
}
