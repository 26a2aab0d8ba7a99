package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// SetAdmin says whether an account looks after the box. Without one that does nobody could use all of the page, so the last
// stays: ErrLastAdmin. ErrNoAccount.
func (s *Store) SetAdmin(ctx context.Context, a message.Address, admin bool) error {
	return s.write(ctx, func(tx *tx) error {
		account, err := mustFindAccount(tx.Conn, a)
		if err != nil || account.Admin == admin {
			return err
		}
		if !admin {
			if err := checkAdminsBut(tx.Conn, account.ID); err != nil {
				return fmt.Errorf("store: take admin from %s: %w", a, err)
			}
		}
		if err := exec(tx.Conn, "UPDATE account SET admin = ? WHERE id = ?", admin, account.ID); err != nil {
			return fmt.Errorf("store: set admin of %s: %w", a, err)
		}
		// What Authenticate remembers has the account in it.
		tx.onCommit(func() { s.logins.forget(account.ID) })
		return nil
	})
}

// checkAdminsBut refuses where nobody but this account looks after the box.
func checkAdminsBut(c *sqlite.Conn, id AccountID) error {
	others, err := number(c, "SELECT count(*) FROM account WHERE admin AND id <> ?", id)
	if err == nil && others == 0 {
		err = ErrLastAdmin
	}
	return err
}

// IsLastAdmin tells whether this account alone looks after the box; who removes it leaves nobody who may use all of the page.
func (s *Store) IsLastAdmin(ctx context.Context, a message.Address) (last bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		account, err := mustFindAccount(c, a)
		if err != nil || !account.Admin {
			return err
		}
		others, err := number(c, "SELECT count(*) FROM account WHERE admin AND id <> ?", account.ID)
		last = others == 0
		return err
	})
	return last, err
}
