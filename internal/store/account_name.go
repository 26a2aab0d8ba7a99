package store

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"buzon/internal/message"
)

// maxName is how long a person's name may be, in octets: it goes into headers.
const maxName = 200

// checkName refuses what would break a header.
func checkName(a message.Address, name string) error {
	if len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("store: name of %s: %w", a, ErrBadName)
	}
	return nil
}

// SetName changes what a person is called. ErrNoAccount, ErrBadName.
func (s *Store) SetName(ctx context.Context, a message.Address, name string) error {
	name = strings.TrimSpace(name)
	if err := checkName(a, name); err != nil {
		return err
	}
	return s.write(ctx, func(tx *tx) error {
		acc, err := mustFindAccount(tx.Conn, a)
		if err != nil || acc.Name == name {
			return err
		}
		return exec(tx.Conn, "UPDATE account SET name = ? WHERE id = ?", name, acc.ID)
	})
}
