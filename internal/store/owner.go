package store

import (
	"context"
	"crypto/sha256"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// AuthenticateOwner is Authenticate for the account's own password alone: app passwords are for programs, and must not open
// what makes them.
func (s *Store) AuthenticateOwner(ctx context.Context, user, password string) (Account, error) {
	if len(password) > maxPassword {
		return Account{}, ErrPassword
	}
	who, err := s.candidate(ctx, user)
	if err != nil {
		return Account{}, err
	}
	ok, err := s.logins.hasher.check(ctx, who.hash, normalPassword(password))
	if err != nil {
		return Account{}, err
	}
	if !ok || !who.found {
		return Account{}, ErrPassword
	}
	return who.account, nil
}

// Owner is an account as it is now, and a stamp that changes with its password: what was allowed by an old one ends with it.
func (s *Store) Owner(ctx context.Context, id AccountID) (acc Account, stamp [sha256.Size]byte, found bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err = queryRow(c, "SELECT "+accountColumns+" FROM account a WHERE a.id = ?", func(st *sqlite.Stmt) { acc = readAccount(st) }, id)
		if err != nil || !found {
			return err
		}
		_, err = queryRow(c, "SELECT hash FROM account WHERE id = ?", func(st *sqlite.Stmt) { stamp = sha256.Sum256([]byte(st.ColumnText(0))) }, id)
		return err
	})
	if err != nil {
		return acc, stamp, false, fmt.Errorf("store: owner: %w", err)
	}
	return acc, stamp, found, nil
}
