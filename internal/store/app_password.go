package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

const (
	// appAlphabet has 32 letters and digits, without l, o, 0 and 1, which people confuse.
	appAlphabet = "abcdefghijkmnpqrstuvwxyz23456789"
	appLetters  = 20 // of 5 bits each: 100 bits need no slow hash
	appGroup    = 5  // letters between dashes

	// maxAppName is the longest name of an app password.
	maxAppName = 100 // characters

	// maxApps is how many an account may have: each costs a SHA-256 comparison
	// at a log-in and 64 octets in a SCRAM exchange.
	maxApps = 100

	// useEvery is how often the use of an app password is written down: a phone
	// that connects every minute must not wear the card.
	useEvery = time.Hour
)

// AppPassword is a random password for one device; the secret itself is told once.
type AppPassword struct {
	Name     string
	Created  time.Time
	LastUsed time.Time // to the hour; zero: never
}

// AddAppPassword makes one. secret is to be shown once, as it is, with its
// dashes. ErrExists, ErrBadName, ErrNoAccount.
func (s *Store) AddAppPassword(ctx context.Context, a message.Address, name string) (secret string, err error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxAppName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fmt.Errorf("app password %q: %w", name, ErrBadName)
	}
	account, salt, err := s.salt(ctx, a)
	if err != nil {
		return "", err
	}
	secret = randomSecret()
	key, err := deriveScram(secret, salt, ScramIterations) // with the dashes, as it is pasted
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(plainApp(secret)))
	err = s.write(ctx, func(tx *tx) error {
		return insertApp(tx, account, name, hash, key)
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

func insertApp(tx *tx, account Account, name string, hash [32]byte, key ScramKey) error {
	n, err := number(tx.Conn, "SELECT count(*) FROM app_password WHERE account = ?", account.ID)
	if err != nil {
		return err
	}
	if n >= maxApps {
		return fmt.Errorf("%s has %d app passwords already: %w", account.Address, n, ErrBadName)
	}
	err = exec(tx.Conn, `INSERT INTO app_password(account, name, hash, stored, server, created)
		SELECT id, ?, ?, ?, ?, ? FROM account WHERE id = ? ON CONFLICT DO NOTHING`,
		name, hash[:], key.Stored[:], key.Server[:], tx.now, account.ID)
	if err != nil {
		return fmt.Errorf("store: add app password: %w", err)
	}
	if tx.Changes() == 0 {
		return fmt.Errorf("app password %q of %s: %w", name, account.Address, ErrExists)
	}
	return nil
}

// AppPasswords lists those of an account by name.
func (s *Store) AppPasswords(ctx context.Context, a message.Address) ([]AppPassword, error) {
	var list []AppPassword
	err := s.read(ctx, func(c *sqlite.Conn) error {
		account, err := mustFindAccount(c, a)
		if err != nil {
			return err
		}
		return query(c, "SELECT name, created, used FROM app_password WHERE account = ? ORDER BY name", func(st *sqlite.Stmt) error {
			list = append(list, AppPassword{Name: st.ColumnText(0), Created: columnTime(st, 1), LastUsed: columnTime(st, 2)})
			return nil
		}, account.ID)
	})
	return list, err
}

// RemoveAppPassword ends one; sessions that are open stay open. ErrNoAppPassword.
func (s *Store) RemoveAppPassword(ctx context.Context, a message.Address, name string) error {
	return s.write(ctx, func(tx *tx) error {
		account, err := mustFindAccount(tx.Conn, a)
		if err != nil {
			return err
		}
		if err := exec(tx.Conn, "DELETE FROM app_password WHERE account = ? AND name = ?", account.ID, strings.TrimSpace(name)); err != nil {
			return fmt.Errorf("store: remove app password: %w", err)
		}
		if tx.Changes() == 0 {
			return fmt.Errorf("app password %q of %s: %w", name, a, ErrNoAppPassword)
		}
		tx.onCommit(func() { s.logins.forget(account.ID) })
		return nil
	})
}

// noteUse writes down when an app password was used, unless that is known to the hour.
// A power cut may lose it.
func (s *Store) noteUse(ctx context.Context, account AccountID, name string) error {
	var used time.Time
	err := s.read(ctx, func(c *sqlite.Conn) error {
		_, err := queryRow(c, "SELECT used FROM app_password WHERE account = ? AND name = ?",
			func(st *sqlite.Stmt) { used = columnTime(st, 0) }, account, name)
		return err
	})
	if err != nil || s.now().Sub(used) < useEvery {
		return err
	}
	return s.writeLazy(ctx, func(tx *tx) error {
		return exec(tx.Conn, "UPDATE app_password SET used = ? WHERE account = ? AND name = ?", tx.now, account, name)
	})
}

// randomSecret is an app password as it is shown: abcde-fghij-kmnpq-rstuv.
func randomSecret() string {
	random := make([]byte, appLetters)
	rand.Read(random)
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%appGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(appAlphabet[int(r)%len(appAlphabet)]) // 32 divides 256: no letter is likelier
	}
	return b.String()
}

// plainApp undoes what people do when they type one: dashes or spaces or none, capitals.
func plainApp(secret string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, secret))
}

type appHash struct {
	name string
	hash [sha256.Size]byte
}

func readApps(c *sqlite.Conn, account AccountID) (apps []appHash, err error) {
	err = query(c, "SELECT name, hash FROM app_password WHERE account = ?", func(st *sqlite.Stmt) error {
		a := appHash{name: st.ColumnText(0)}
		st.ColumnBytes(1, a.hash[:])
		apps = append(apps, a)
		return nil
	}, account)
	return apps, err
}

// matchApp tells which app password it is, if any; it compares with all of them in constant time.
func matchApp(apps []appHash, password string) (name string, ok bool) {
	hash := sha256.Sum256([]byte(plainApp(password)))
	for _, a := range apps {
		if subtle.ConstantTimeCompare(a.hash[:], hash[:]) == 1 {
			name, ok = a.name, true
		}
	}
	return name, ok
}
