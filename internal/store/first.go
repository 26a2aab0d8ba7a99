package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// First is whoever sets a box up; their domain is that of the address.
type First struct {
	Address  message.Address
	Name     string // of the person; may be empty
	Password string
	Language string // of what we write to people, as the setting has it
	Host     string // what the server is called from then on, unless the settings say so already
	Next     string // kept as NoteSetup
}

// NoteSetup is the name of the note (Store.Note) of how far the set-up of the box came. A box that was set up by commands has
// none.
const NoteSetup = "setup.step"

// Begin makes the first domain and the first account, who looks after the box, and what its settings begin with, in one transaction: whatever happens, there is
// all of it or nothing. A domain that is there without anybody in any is taken as it is. ErrExists where the box has an
// account already, ErrBadName, ErrBadPassword.
func (s *Store) Begin(ctx context.Context, f First) (account Account, err error) {
	name := strings.TrimSpace(f.Name)
	domain, err := domainName(f.Address.Domain)
	if err == nil {
		err = checkName(f.Address, name)
	}
	if err != nil {
		return account, err
	}
	salt := make([]byte, saltSize)
	rand.Read(salt)
	cred, err := s.derive(ctx, f.Password, salt)
	if err != nil {
		return account, err
	}
	err = s.write(ctx, func(tx *tx) error {
		if err := checkNobody(tx.Conn); err != nil {
			return err
		}
		if err := s.beginSettings(tx, f); err != nil {
			return err
		}
		if err := exec(tx.Conn, "INSERT INTO domain(name, created) VALUES(?, ?) ON CONFLICT DO NOTHING", domain, tx.now); err != nil {
			return fmt.Errorf("store: begin with %s: %w", domain, err)
		}
		if account, err = insertAccount(tx, f.Address, cred, s.Settings().DefaultQuota); err != nil {
			return err
		}
		account.Name = name
		tx.onCommit(s.RingHouse)
		return errors.Join(
			exec(tx.Conn, "UPDATE account SET name = ? WHERE id = ?", name, account.ID),
			exec(tx.Conn, "INSERT OR REPLACE INTO note(name, text, at) VALUES(?, ?, ?)", NoteSetup, f.Next, tx.now))
	})
	return account, err
}

// checkNobody refuses where a box has an owner: of two who begin at once, one does.
func checkNobody(c *sqlite.Conn) error {
	n, err := number(c, "SELECT count(*) FROM account")
	if err == nil && n > 0 {
		err = fmt.Errorf("begin a box: %w", ErrExists)
	}
	return err
}

// beginSettings keeps the language that the first person reads, and the name of the server.
func (s *Store) beginSettings(tx *tx, f First) error {
	settings, err := loadSettings(tx.Conn, s.log)
	if err != nil {
		return err
	}
	changes := [][2]string{{"language", f.Language}}
	if settings.ServerName == "" {
		changes = append(changes, [2]string{"server.name", f.Host})
	}
	for _, c := range changes {
		if settings, err = settings.With(c[0], c[1]); err != nil {
			return err
		}
		if err := keepSetting(tx, c[0], settings); err != nil {
			return fmt.Errorf("store: keep setting %s: %w", c[0], err)
		}
	}
	if err := settings.Validate(); err != nil {
		return err
	}
	tx.onCommit(func() { s.settings.Store(&settings) })
	return nil
}
