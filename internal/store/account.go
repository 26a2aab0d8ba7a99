package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Account is one person's mail. Quota and Used are octets; Quota 0 is none.
type Account struct {
	ID          AccountID
	Address     message.Address
	Name        string // of the person, as programs put it before the address; may be empty
	Quota, Used int64
	Messages    int64
	Created     time.Time
	Admin       bool   // looks after the box: may use all of the page
	App         string // of who logs in: the name of the app password that was used; "" is the account's own
}

// accountColumns with the use summed over the mailboxes, whose counters move
// with their messages: 5 µs, and nothing that could go wrong on its own.
const accountColumns = `a.id, a.local, a.domain, a.quota, a.created,
	(SELECT ifnull(sum(size), 0) FROM mailbox m WHERE m.account = a.id),
	(SELECT ifnull(sum(total), 0) FROM mailbox m WHERE m.account = a.id),
	a.admin, a.name`

func readAccount(st *sqlite.Stmt) Account {
	return Account{
		ID:       AccountID(st.ColumnInt64(0)),
		Address:  message.Address{Local: st.ColumnText(1), Domain: st.ColumnText(2)},
		Quota:    st.ColumnInt64(3),
		Created:  columnTime(st, 4),
		Used:     st.ColumnInt64(5),
		Messages: st.ColumnInt64(6),
		Admin:    st.ColumnInt64(7) != 0,
		Name:     st.ColumnText(8),
	}
}

func findAccount(c *sqlite.Conn, key string) (a Account, found bool, err error) {
	found, err = queryRow(c, "SELECT "+accountColumns+" FROM account a WHERE a.key = ?",
		func(st *sqlite.Stmt) { a = readAccount(st) }, key)
	return a, found, err
}

// mustFindAccount is findAccount where its absence is an error.
func mustFindAccount(c *sqlite.Conn, address message.Address) (Account, error) {
	a, found, err := findAccount(c, address.Key())
	if err != nil {
		return a, fmt.Errorf("store: account %s: %w", address, err)
	}
	if !found {
		return a, fmt.Errorf("account %s: %w", address, ErrNoAccount)
	}
	return a, nil
}

// Accounts lists all by domain and name.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	var list []Account
	err := s.read(ctx, func(c *sqlite.Conn) error {
		return query(c, "SELECT "+accountColumns+" FROM account a ORDER BY a.domain, a.key", func(st *sqlite.Stmt) error {
			list = append(list, readAccount(st))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("store: list accounts: %w", err)
	}
	return list, nil
}

// Account is the one with exactly this address, case apart. ErrNoAccount.
func (s *Store) Account(ctx context.Context, a message.Address) (account Account, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		account, err = mustFindAccount(c, a)
		return err
	})
	return account, err
}

// credentials is all that is derived from an account's own password.
type credentials struct {
	hash string
	salt []byte
	key  ScramKey
}

// derive does the slow part of a new password, outside of the writer.
func (s *Store) derive(ctx context.Context, password string, salt []byte) (c credentials, err error) {
	if err := checkNewPassword(password); err != nil {
		return c, err
	}
	c.salt = salt
	if c.hash, err = s.logins.hasher.hash(ctx, normalPassword(password)); err != nil {
		return c, err
	}
	c.key, err = deriveScram(password, salt, ScramIterations)
	return c, err
}

// AddAccount makes the account with INBOX, Drafts, Sent, Junk, Trash and Archive
// (special use set, subscribed) and the quota that new accounts get. ErrNoDomain,
// ErrExists also where an alias has the address, ErrBadPassword.
func (s *Store) AddAccount(ctx context.Context, a message.Address, password string) (Account, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	cred, err := s.derive(ctx, password, salt)
	if err != nil {
		return Account{}, err
	}
	var account Account
	err = s.write(ctx, func(tx *tx) error {
		account, err = insertAccount(tx, a, cred, s.Settings().DefaultQuota)
		return err
	})
	return account, err
}

func insertAccount(tx *tx, a message.Address, cred credentials, quota int64) (Account, error) {
	if err := checkFree(tx.Conn, a); err != nil {
		return Account{}, err
	}
	// The first of a box looks after it.
	err := exec(tx.Conn, `INSERT INTO account(key, local, domain, hash, salt, iterations, stored, server, quota, created, admin)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOT EXISTS (SELECT 1 FROM account))`, a.Key(), a.Local, a.Domain, cred.hash, cred.salt, ScramIterations,
		cred.key.Stored[:], cred.key.Server[:], quota, tx.now)
	if err != nil {
		return Account{}, fmt.Errorf("store: add account %s: %w", a, err)
	}
	id := AccountID(tx.LastInsertRowID())
	if err := addUsualMailboxes(tx, id); err != nil {
		return Account{}, fmt.Errorf("store: add account %s: %w", a, err)
	}
	tx.touch(id, 0)
	return mustFindAccount(tx.Conn, a)
}

// checkFree refuses an address outside of our domains or taken already: as
// account and alias at once it would be either, depending on who looks.
func checkFree(c *sqlite.Conn, a message.Address) error {
	if a.Local == "" || a.Domain == "" {
		return fmt.Errorf("account %q: %w", a, ErrBadName)
	}
	local, err := isLocal(c, a.Domain)
	if err != nil {
		return err
	}
	if !local {
		return fmt.Errorf("domain %s: %w", a.Domain, ErrNoDomain)
	}
	taken, err := number(c, "SELECT (SELECT count(*) FROM account WHERE key = ?1) + (SELECT count(*) FROM alias WHERE key = ?1)", a.Key())
	if err != nil {
		return err
	}
	if taken > 0 {
		return fmt.Errorf("address %s: %w", a, ErrExists)
	}
	return nil
}

// SetPassword changes the account's own password; app passwords stay. The salt
// stays too, because the SCRAM keys of the app passwords were made with it.
func (s *Store) SetPassword(ctx context.Context, a message.Address, password string) error {
	account, salt, err := s.salt(ctx, a)
	if err != nil {
		return err
	}
	cred, err := s.derive(ctx, password, salt)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *tx) error {
		err := exec(tx.Conn, "UPDATE account SET hash = ?, stored = ?, server = ? WHERE id = ?",
			cred.hash, cred.key.Stored[:], cred.key.Server[:], account.ID)
		if err != nil {
			return fmt.Errorf("store: set password of %s: %w", a, err)
		}
		if tx.Changes() == 0 {
			return fmt.Errorf("account %s: %w", a, ErrNoAccount)
		}
		tx.onCommit(func() { s.logins.forget(account.ID) })
		return nil
	})
}

// salt is the account and what its SCRAM keys are made with.
func (s *Store) salt(ctx context.Context, a message.Address) (account Account, salt []byte, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		if account, err = mustFindAccount(c, a); err != nil {
			return err
		}
		_, err = queryRow(c, "SELECT salt FROM account WHERE id = ?", func(st *sqlite.Stmt) { salt = blob(st, 0) }, account.ID)
		return err
	})
	return account, salt, err
}

// SetQuota limits the account's mail; 0 means no limit. What is there stays even if it is more.
func (s *Store) SetQuota(ctx context.Context, a message.Address, octets int64) error {
	return s.write(ctx, func(tx *tx) error {
		if err := exec(tx.Conn, "UPDATE account SET quota = ? WHERE key = ?", max(0, octets), a.Key()); err != nil {
			return fmt.Errorf("store: set quota of %s: %w", a, err)
		}
		if tx.Changes() == 0 {
			return fmt.Errorf("account %s: %w", a, ErrNoAccount)
		}
		return nil
	})
}

// HasAccounts tells whether anybody lives here.
func (s *Store) HasAccounts(ctx context.Context) (some bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		n, err := number(c, "SELECT EXISTS (SELECT 1 FROM account)")
		some = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store: look for accounts: %w", err)
	}
	return some, nil
}
