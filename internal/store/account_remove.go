package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// RemoveAccount ends an account at once; its mail is removed by the sweeper, in
// slices, so that removing 100,000 messages keeps no delivery waiting. Its
// address is taken out of forwards, and of the aliases that lead to others as well. An alias that
// leads to it alone is an address that the world may still write to, so its owner
// must decide first: ErrInUse, naming it. ErrNoAccount.
func (s *Store) RemoveAccount(ctx context.Context, a message.Address) error {
	var boxes []MailboxID
	err := s.write(ctx, func(tx *tx) error {
		account, err := mustFindAccount(tx.Conn, a)
		if err != nil {
			return err
		}
		if err := checkAliasesTo(tx.Conn, a); err != nil {
			return err
		}
		if boxes, err = removeAccount(tx, account.ID, a.Key()); err != nil {
			return fmt.Errorf("store: remove account %s: %w", a, err)
		}
		tx.onCommit(func() { s.logins.forget(account.ID) })
		return nil
	})
	for _, box := range boxes {
		s.forget(box)
	}
	return err
}

// checkAliasesTo refuses while an alias leads to this account alone.
func checkAliasesTo(c *sqlite.Conn, a message.Address) error {
	return query(c, `SELECT key FROM alias x WHERE target = ? AND NOT EXISTS
		(SELECT 1 FROM alias o WHERE o.key = x.key AND o.target <> x.target) LIMIT 1`, func(st *sqlite.Stmt) error {
		return fmt.Errorf("alias %s leads to %s alone, remove it or give it another target: %w", st.ColumnText(0), a, ErrInUse)
	}, a.Key())
}

// removeAccount removes all but the messages, whose mailboxes it puts on the list of those that are gone.
func removeAccount(tx *tx, id AccountID, key string) (boxes []MailboxID, err error) {
	err = query(tx.Conn, "SELECT id FROM mailbox WHERE account = ?", func(st *sqlite.Stmt) error {
		boxes = append(boxes, MailboxID(st.ColumnInt64(0)))
		return nil
	}, id)
	if err != nil {
		return nil, err
	}
	for _, box := range boxes {
		tx.touch(id, box)
	}
	tx.touch(id, 0)
	tx.litter()
	if err := exec(tx.Conn, "INSERT INTO gone(mailbox) SELECT id FROM mailbox WHERE account = ?", id); err != nil {
		return nil, err
	}
	if err := exec(tx.Conn, "DELETE FROM alias WHERE target = ?", key); err != nil {
		return nil, err
	}
	if err := exec(tx.Conn, "DELETE FROM forward WHERE key = ?", key); err != nil {
		return nil, err
	}
	if err := exec(tx.Conn, "DELETE FROM mailbox WHERE account = ?", id); err != nil {
		return nil, err
	}
	// App passwords, subscriptions, annotations and what there is about its sending go by ON DELETE CASCADE.
	return boxes, exec(tx.Conn, "DELETE FROM account WHERE id = ?", id)
}
