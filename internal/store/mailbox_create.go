package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
)

// ErrSpecialUse refuses a special use that is unknown, or that another mailbox
// of the account has: programs take the first they see, so two would make each
// file its mail elsewhere (RFC 6154 §3, USEATTR).
var ErrSpecialUse = errors.New("this special use is not to be had")

// specialUse gives the spelling of RFC 6154 §2. \All and \Flagged would be
// views of other mailboxes' mail, which we do not have.
func specialUse(use string) (string, error) {
	for _, known := range []string{"", `\Archive`, `\Drafts`, `\Junk`, `\Sent`, `\Trash`} {
		if strings.EqualFold(use, known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("%w: %q", ErrSpecialUse, use)
}

// CreateMailbox makes name and the parents it lacks, all of them able to hold
// mail. A "/" at the end is dropped (RFC 3501 §6.3.3). ErrExists; ErrBadName:
// control characters, empty levels, over 255 octets a level, 20 levels; ErrSpecialUse.
func (s *Store) CreateMailbox(ctx context.Context, acc AccountID, name, use string) (Mailbox, error) {
	var m Mailbox
	clean, err := mailboxName(strings.TrimSuffix(name, "/"))
	if err != nil {
		return m, fmt.Errorf("create mailbox %q: %w", name, err)
	}
	if use, err = specialUse(use); err != nil {
		return m, fmt.Errorf("create mailbox %s: %w", clean, err)
	}
	err = s.write(ctx, func(tx *tx) error {
		id, err := createMailbox(tx, acc, clean, use)
		if err != nil {
			return err
		}
		m, err = mailboxByID(tx.Conn, id)
		return err
	})
	return m, wrap("create mailbox "+clean, err)
}

// createMailbox makes a mailbox of a checked name, and its parents.
func createMailbox(tx *tx, acc AccountID, name, use string) (MailboxID, error) {
	if err := makeRoom(tx, acc, name); err != nil {
		return 0, err
	}
	if use != "" {
		taken := false
		err := each(tx.Conn, `SELECT use FROM mailbox WHERE account = ? AND use <> ''`, func(st *sqlite.Stmt) {
			taken = taken || st.ColumnText(0) == use
		}, int64(acc))
		if err != nil {
			return 0, err
		}
		if taken {
			return 0, fmt.Errorf("%w: %q is another's", ErrSpecialUse, use)
		}
	}
	return insertMailbox(tx, acc, name, use, false)
}

// makeRoom sees that name is free and has its parents. A name that was kept
// only for its children (RFC 3501 §6.3.4) is free.
func makeRoom(tx *tx, acc AccountID, name string) error {
	m, err := findMailbox(tx.Conn, acc, name)
	switch {
	case err == nil && !m.NoSelect:
		return ErrExists
	case err == nil:
		return deleteMailboxRow(tx, m)
	case !errors.Is(err, ErrNoMailbox):
		return err
	}
	return makeParents(tx, acc, name)
}

// makeParents makes the parents that name lacks (RFC 3501 §6.3.3). Every
// mailbox has its parents, so the first one found ends the search.
func makeParents(tx *tx, acc AccountID, name string) error {
	parent := parentName(name)
	if parent == "" {
		return nil
	}
	_, err := findMailbox(tx.Conn, acc, parent)
	if !errors.Is(err, ErrNoMailbox) {
		return err
	}
	if err := makeParents(tx, acc, parent); err != nil {
		return err
	}
	_, err = insertMailbox(tx, acc, parent, "", false)
	return err
}

func insertMailbox(tx *tx, acc AccountID, name, use string, noSelect bool) (MailboxID, error) {
	if err := checkMailboxes(tx, acc); err != nil {
		return 0, err
	}
	validity, err := nextUIDValidity(tx, acc)
	if err != nil {
		return 0, err
	}
	st, err := tx.Prepare(`INSERT INTO mailbox(account, name, uidvalidity, use, noselect) VALUES(?, ?, ?, ?, ?)`)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, int64(acc))
	st.BindText(2, name)
	st.BindInt64(3, validity)
	st.BindText(4, use)
	st.BindBool(5, noSelect)
	if _, err = st.Step(); err != nil {
		return 0, err
	}
	tx.touch(acc, 0)
	return MailboxID(tx.LastInsertRowID()), nil
}

// checkMailboxes gives ErrOverQuota when an account has as many mailboxes as it may.
func checkMailboxes(tx *tx, acc AccountID) error {
	n, err := number(tx.Conn, `SELECT count(*) FROM mailbox WHERE account = ?`, acc)
	if err == nil && n >= tx.limits.Mailboxes {
		err = fmt.Errorf("%w: more than %d mailboxes", ErrOverQuota, tx.limits.Mailboxes)
	}
	return err
}

// nextUIDValidity is the time, or one more than any mailbox of the account
// ever had: RFC 3501 §2.3.1.1 must hold although boards have no clock and a
// name may be removed and made again within a second.
func nextUIDValidity(tx *tx, acc AccountID) (int64, error) {
	var v int64
	found, err := one(tx.Conn, `UPDATE account SET uidvalidity = max(?, uidvalidity + 1) WHERE id = ? RETURNING uidvalidity`,
		func(st *sqlite.Stmt) { v = st.ColumnInt64(0) }, tx.now.Unix(), int64(acc))
	if err == nil && !found {
		err = ErrNoAccount
	}
	return v, err
}
