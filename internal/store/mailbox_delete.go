package store

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// DeleteMailbox removes a mailbox and its mail. One with children leaves its
// name behind, NoSelect, until the last of them goes; such a name cannot be
// deleted itself: ErrInUse (RFC 3501 §6.3.4). INBOX: ErrBadName. Subscriptions stay.
func (s *Store) DeleteMailbox(ctx context.Context, acc AccountID, name string) error {
	clean, err := mailboxName(name)
	if err != nil {
		return fmt.Errorf("delete mailbox %q: %w", name, ErrNoMailbox)
	}
	if clean == inbox {
		return fmt.Errorf("delete mailbox: INBOX must stay: %w", ErrBadName)
	}
	var gone MailboxID
	err = s.write(ctx, func(tx *tx) error {
		m, err := findMailbox(tx.Conn, acc, clean)
		if err != nil {
			return err
		}
		gone = m.ID
		return deleteMailbox(tx, m)
	})
	if err != nil {
		return fmt.Errorf("delete mailbox %s: %w", clean, err)
	}
	s.forget(gone)
	return nil
}

// forget drops what memory holds of a mailbox that is no more.
func (s *Store) forget(box MailboxID) {
	s.views.drop(box)
	s.recent.drop(box)
}

func deleteMailbox(tx *tx, m Mailbox) error {
	parent, err := hasChildren(tx, m.Account, m.Name)
	if err != nil {
		return err
	}
	if parent && m.NoSelect {
		return fmt.Errorf("%w by its children", ErrInUse)
	}
	// The sweeper removes the mail in slices: 100,000 messages at once would keep deliveries waiting.
	if err := run(tx.Conn, `INSERT INTO gone(mailbox) VALUES(?)`, int64(m.ID)); err != nil {
		return err
	}
	tx.litter()
	if err := deleteMailboxRow(tx, m); err != nil {
		return err
	}
	tx.touch(m.Account, m.ID)
	if parent {
		_, err := insertMailbox(tx, m.Account, m.Name, "", true)
		return err
	}
	return dropParents(tx, m.Account, m.Name)
}

func hasChildren(tx *tx, acc AccountID, name string) (bool, error) {
	st, err := tx.Prepare(`SELECT 1 FROM mailbox WHERE account = ? AND name > ? AND name < ? LIMIT 1`)
	if err != nil {
		return false, err
	}
	lo, hi := below(name)
	st.BindInt64(1, int64(acc))
	st.BindText(2, lo)
	st.BindText(3, hi)
	return first(st, func(*sqlite.Stmt) {})
}

func deleteMailboxRow(tx *tx, m Mailbox) error {
	tx.touch(m.Account, 0)
	if err := dropAnnotations(tx, m.Account, m.ID); err != nil {
		return err
	}
	return run(tx.Conn, `DELETE FROM mailbox WHERE id = ?`, int64(m.ID))
}

// dropParents removes the names above name that stood only for their children and have none left.
func dropParents(tx *tx, acc AccountID, name string) error {
	for name = parentName(name); name != ""; name = parentName(name) {
		m, err := findMailbox(tx.Conn, acc, name)
		if errors.Is(err, ErrNoMailbox) || err == nil && !m.NoSelect {
			return nil
		}
		if err != nil {
			return err
		}
		used, err := hasChildren(tx, acc, name)
		if err != nil || used {
			return err
		}
		if err := deleteMailboxRow(tx, m); err != nil {
			return err
		}
	}
	return nil
}
