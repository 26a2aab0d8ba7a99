package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// RenameMailbox gives a mailbox and its children a new name; UIDVALIDITY and
// UIDs stay, and the parents the new name lacks are made. Of INBOX it moves the
// mail into a new mailbox and leaves INBOX and its children (RFC 3501 §6.3.5).
// ErrBadName when the new name stands below the old one.
//
// RFC 3501 §6.3.5 says nothing of subscriptions. They go with the mailbox: a
// person who renames a folder still wants to see it.
func (s *Store) RenameMailbox(ctx context.Context, acc AccountID, from, to string) error {
	oldName, err := mailboxName(from)
	if err != nil {
		return fmt.Errorf("rename mailbox %q: %w", from, ErrNoMailbox)
	}
	newName, err := mailboxName(strings.TrimSuffix(to, "/"))
	if err != nil {
		return fmt.Errorf("rename mailbox to %q: %w", to, err)
	}
	var moved arrivals
	err = s.write(ctx, func(tx *tx) (err error) {
		if oldName == inbox {
			moved, err = renameInbox(tx, acc, newName)
			return err
		}
		return renameMailbox(tx, acc, oldName, newName)
	})
	if err != nil {
		return fmt.Errorf("rename mailbox %s to %s: %w", oldName, newName, err)
	}
	s.recent.add(moved)
	return nil
}

func renameInbox(tx *tx, acc AccountID, to string) (arrivals, error) {
	id, err := createMailbox(tx, acc, to, "")
	if err != nil {
		return nil, err
	}
	src, err := findMailbox(tx.Conn, acc, inbox)
	if err != nil {
		return nil, err
	}
	copied, err := transfer(tx, src.ID, uidset.Of(uidset.Range{Lo: 1, Hi: 1<<32 - 1}), id, true)
	if err != nil {
		return nil, err
	}
	return arrivals{{id, copied.To.Min()}}, nil
}

func renameMailbox(tx *tx, acc AccountID, from, to string) error {
	if _, err := findMailbox(tx.Conn, acc, from); err != nil {
		return err
	}
	if strings.HasPrefix(to, from+"/") {
		return fmt.Errorf("%w: it would stand below itself", ErrBadName)
	}
	switch _, err := findMailbox(tx.Conn, acc, to); {
	case err == nil:
		return ErrExists
	case !errors.Is(err, ErrNoMailbox):
		return err
	}
	if err := makeParents(tx, acc, to); err != nil {
		return err
	}
	tree, err := namesFrom(tx, acc, from)
	if err != nil {
		return err
	}
	for _, m := range tree {
		if err := renameRow(tx, m, to+m.Name[len(from):]); err != nil {
			return err
		}
	}
	return dropParents(tx, acc, from)
}

// namesFrom is the mailbox of that name and all below it.
func namesFrom(tx *tx, acc AccountID, name string) ([]Mailbox, error) {
	st, err := tx.Prepare(selectMailbox + `WHERE m.account = ?1 AND (m.name = ?2 OR m.name > ?3 AND m.name < ?4)`)
	if err != nil {
		return nil, err
	}
	lo, hi := below(name)
	st.BindInt64(1, int64(acc))
	st.BindText(2, name)
	st.BindText(3, lo)
	st.BindText(4, hi)
	var tree []Mailbox
	err = rows(st, func(st *sqlite.Stmt) {
		var m Mailbox
		m.read(st)
		tree = append(tree, m)
	})
	return tree, err
}

func renameRow(tx *tx, m Mailbox, to string) error {
	if _, err := mailboxName(to); err != nil { // a child may come too deep
		return err
	}
	st, err := tx.Prepare(`UPDATE mailbox SET name = ? WHERE id = ?`)
	if err != nil {
		return err
	}
	st.BindText(1, to)
	st.BindInt64(2, int64(m.ID))
	if _, err := st.Step(); err != nil {
		return err
	}
	tx.touch(m.Account, m.ID)
	if !m.Subscribed {
		return nil
	}
	if err := subscribe(tx, m.Account, m.Name, false); err != nil {
		return err
	}
	return subscribe(tx, m.Account, to, true)
}
