package store

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// ScramIterations of PBKDF2 make the keys. RFC 7677 §4 asks at least 4096, and
// that number is old; four times as many cost a phone 10 ms at a log-in and a thief
// of the file four times the work, which is less than argon2id's and the reason
// to prefer app passwords, whose 100 random bits no iteration count must protect.
// The answer about a user that does not exist must show the same number.
const ScramIterations = 4 * 4096

// ScramKey is one credential of an account in SCRAM-SHA-256 form (RFC 5802 §3).
type ScramKey struct{ Stored, Server [32]byte }

// Scram is all credentials of an account. They share Salt and Iterations, which
// are sent before it is known which of them the client has.
type Scram struct {
	Account    Account
	Salt       []byte
	Iterations int
	Keys       []ScramKey
	apps       []string // which app password each key belongs to, "" for the account's own
}

// deriveScram makes the keys of a password (RFC 5802 §3).
func deriveScram(password string, salt []byte, iterations int) (k ScramKey, err error) {
	salted, err := pbkdf2.Key(sha256.New, normalPassword(password), salt, iterations, sha256.Size)
	if err != nil {
		return k, fmt.Errorf("store: derive SCRAM keys: %w", err)
	}
	k.Stored = sha256.Sum256(keyed(salted, "Client Key"))
	copy(k.Server[:], keyed(salted, "Server Key"))
	return k, nil
}

func keyed(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// Scram finds the credentials of a user as Authenticate names one. ErrPassword when
// unknown: the caller plays on with a salt of its own making.
func (s *Store) Scram(ctx context.Context, user string) (Scram, error) {
	var c Scram
	err := s.read(ctx, func(conn *sqlite.Conn) error {
		account, found, err := findUser(conn, user)
		if err != nil {
			return err
		}
		if !found {
			return ErrPassword
		}
		c.Account = account
		return readScram(conn, &c)
	})
	return c, err
}

func readScram(conn *sqlite.Conn, c *Scram) error {
	add := func(st *sqlite.Stmt, app string) {
		var k ScramKey
		st.ColumnBytes(0, k.Stored[:])
		st.ColumnBytes(1, k.Server[:])
		c.Keys, c.apps = append(c.Keys, k), append(c.apps, app)
	}
	_, err := queryRow(conn, "SELECT stored, server, salt, iterations FROM account WHERE id = ?", func(st *sqlite.Stmt) {
		add(st, "")
		c.Salt, c.Iterations = blob(st, 2), st.ColumnInt(3)
	}, c.Account.ID)
	if err != nil {
		return err
	}
	return query(conn, "SELECT stored, server, name FROM app_password WHERE account = ? ORDER BY name", func(st *sqlite.Stmt) error {
		add(st, st.ColumnText(2))
		return nil
	}, c.Account.ID)
}

// ScramUsed notes that key i of a Scram was used to log in, and gives the account that did.
func (s *Store) ScramUsed(ctx context.Context, c Scram, i int) (Account, error) {
	if i < 0 || i >= len(c.apps) || c.apps[i] == "" {
		return c.Account, nil
	}
	account := c.Account
	account.App = c.apps[i]
	return account, s.noteUse(ctx, account.ID, account.App)
}
