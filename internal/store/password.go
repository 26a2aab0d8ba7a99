package store

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// candidate is what the file knows of somebody who wants to log in. One with
// found false is nobody, and goes the same way at the same cost.
type candidate struct {
	account Account
	found   bool
	hash    string // of the account's own password
	apps    []appHash
}

// Authenticate checks a name (address, or its local part where only one domain
// exists) and a password: one that was right a moment ago, then app passwords
// (cheap), then the account's by argon2id. ErrPassword otherwise, after the same work.
func (s *Store) Authenticate(ctx context.Context, user, password string) (Account, error) {
	if len(password) > maxPassword {
		return Account{}, ErrPassword
	}
	changes := s.logins.begin()
	who, err := s.candidate(ctx, user)
	if err != nil {
		return Account{}, err
	}
	password = normalPassword(password)
	id := s.logins.id(who.account.ID, password)
	use, ok := s.logins.find(id)
	if !ok {
		if use, ok, err = s.check(ctx, who, password); err != nil {
			return Account{}, err
		}
	}
	if !ok || !who.found {
		return Account{}, ErrPassword
	}
	s.welcome(ctx, who.account.ID, &use)
	s.logins.remember(id, use, changes)
	who.account.App = use.app
	return who.account, nil
}

// check tells which password it is, if any.
func (s *Store) check(ctx context.Context, who candidate, password string) (seen, bool, error) {
	if app, ok := matchApp(who.apps, password); ok {
		return seen{app: app}, true, nil
	}
	ok, err := s.logins.hasher.check(ctx, who.hash, password)
	return seen{}, ok, err
}

// welcome notes the use of an app password, at most once an hour. A log-in does
// not fail because the disk is full: that is when people must read and remove mail.
func (s *Store) welcome(ctx context.Context, account AccountID, use *seen) {
	now := s.now()
	if use.app == "" || now.Sub(use.noted) < useEvery {
		return
	}
	use.noted = now
	if err := s.noteUse(ctx, account, use.app); err != nil {
		s.log.Warn("noting the use of an app password failed", "name", use.app, "err", err)
	}
}

func (s *Store) candidate(ctx context.Context, user string) (who candidate, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		if who.account, who.found, err = findUser(c, user); err != nil {
			return err
		}
		_, err = queryRow(c, "SELECT hash FROM account WHERE id = ?", func(st *sqlite.Stmt) { who.hash = st.ColumnText(0) }, who.account.ID)
		if err != nil {
			return err
		}
		who.apps, err = readApps(c, who.account.ID)
		return err
	})
	if err != nil {
		return who, fmt.Errorf("store: find user: %w", err)
	}
	return who, nil
}

// LoginName is the one name for all the spellings that Authenticate and Scram
// take for the same person, whether or not there is such a person.
func (s *Store) LoginName(ctx context.Context, user string) (name string, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		address, ok, err := userAddress(c, user)
		if name = address.Key(); !ok {
			name = strings.ToLower(user)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("store: login name: %w", err)
	}
	return name, nil
}

// findUser is the account that a person means at a log-in.
func findUser(c *sqlite.Conn, user string) (Account, bool, error) {
	address, ok, err := userAddress(c, user)
	if err != nil || !ok {
		return Account{}, false, err
	}
	return findAccount(c, address.Key())
}

// userAddress is the address that a person means at a log-in; ok tells whether it is one.
func userAddress(c *sqlite.Conn, user string) (a message.Address, ok bool, err error) {
	user = strings.TrimSpace(user) // what phones append to a suggestion
	if !strings.Contains(user, "@") {
		domain, err := onlyDomain(c)
		if err != nil || domain == "" {
			return a, false, err
		}
		user += "@" + domain
	}
	a, err = message.ParseAddress(user)
	return a, err == nil, nil
}

// onlyDomain is our domain, or "" when there is none or more than one.
func onlyDomain(c *sqlite.Conn) (domain string, err error) {
	n := 0
	err = query(c, "SELECT name FROM domain LIMIT 2", func(st *sqlite.Stmt) error {
		domain, n = st.ColumnText(0), n+1
		return nil
	})
	if n != 1 {
		domain = ""
	}
	return domain, err
}
