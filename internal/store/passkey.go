package store

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

const (
	maxPasskeys   = 20      // of an account
	maxCredential = 8 << 10 // octets: some chips send certificates along
)

// Passkey is a key in somebody's phone or computer that opens the page in the place of a password (WebAuthn).
type Passkey struct {
	ID         []byte // the credential's
	Account    AccountID
	Name       string // of the device
	Credential []byte // JSON; no secret
	Created    time.Time
	LastUsed   time.Time // zero: never
}

// AddPasskey keeps a new one. ErrBadName, ErrTooMany, ErrExists.
func (s *Store) AddPasskey(ctx context.Context, k Passkey) error {
	k.Name = strings.TrimSpace(k.Name)
	if k.Name == "" || utf8.RuneCountInString(k.Name) > maxAppName || strings.ContainsFunc(k.Name, unicode.IsControl) {
		return fmt.Errorf("passkey %q: %w", k.Name, ErrBadName)
	}
	if len(k.Credential) > maxCredential {
		return fmt.Errorf("passkey of %d octets: %w", len(k.Credential), ErrTooMany)
	}
	return s.write(ctx, func(tx *tx) error {
		n, err := number(tx.Conn, "SELECT count(*) FROM passkey WHERE account = ?", k.Account)
		if err != nil {
			return err
		}
		if n >= maxPasskeys {
			return fmt.Errorf("%d passkeys: %w", n, ErrTooMany)
		}
		err = exec(tx.Conn, "INSERT INTO passkey(id, account, name, credential, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			k.ID, k.Account, k.Name, k.Credential, tx.now)
		if err == nil && tx.Changes() == 0 {
			err = ErrExists
		}
		if err != nil {
			return fmt.Errorf("store: add passkey: %w", err)
		}
		return nil
	})
}

// Passkeys are those of an account, by name. ErrNoAccount.
func (s *Store) Passkeys(ctx context.Context, a message.Address) (list []Passkey, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		account, err := mustFindAccount(c, a)
		if err != nil {
			return err
		}
		return query(c, "SELECT id, account, name, credential, created, used FROM passkey WHERE account = ? ORDER BY name, id", func(st *sqlite.Stmt) error {
			list = append(list, readPasskey(st))
			return nil
		}, account.ID)
	})
	return list, err
}

func readPasskey(st *sqlite.Stmt) Passkey {
	return Passkey{
		ID: columnBytes(st, 0, nil), Account: AccountID(st.ColumnInt64(1)), Name: st.ColumnText(2),
		Credential: columnBytes(st, 3, nil), Created: columnTime(st, 4), LastUsed: columnTime(st, 5),
	}
}

// UsePasskey notes that one was used, and its counter. It waits for the disk: a counter that falls back hides a copied key.
func (s *Store) UsePasskey(ctx context.Context, id, credential []byte) error {
	return s.write(ctx, func(tx *tx) error {
		return exec(tx.Conn, "UPDATE passkey SET credential = ?, used = ? WHERE id = ?", credential, tx.now, id)
	})
}

// RemovePasskey ends one of an account's. ErrNoPasskey.
func (s *Store) RemovePasskey(ctx context.Context, a message.Address, id []byte) error {
	return s.write(ctx, func(tx *tx) error {
		account, err := mustFindAccount(tx.Conn, a)
		if err != nil {
			return err
		}
		if err := exec(tx.Conn, "DELETE FROM passkey WHERE id = ? AND account = ?", id, account.ID); err != nil {
			return fmt.Errorf("store: remove passkey: %w", err)
		}
		if tx.Changes() == 0 {
			return ErrNoPasskey
		}
		return nil
	})
}
