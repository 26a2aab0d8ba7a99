package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
)

// Mailbox is one mailbox with its counters. One with ID 0 is only a name that
// somebody subscribed to (RFC 3501 §6.3.6): there is no such mailbox, or no more.
type Mailbox struct {
	ID          MailboxID
	Account     AccountID
	Name        string // UTF-8, "/" between levels, "INBOX" in upper case
	UIDValidity uint32
	UIDNext     uint32
	ModSeq      int64 // HIGHESTMODSEQ; starts at 1, rises with every change
	Total       int64 // messages
	Unseen      int64
	Deleted     int64  // with \Deleted
	Size        int64  // octets
	SpecialUse  string // "\\Drafts" … or ""
	Subscribed  bool
	NoSelect    bool // only a subscription or a parent
}

const selectMailbox = `SELECT m.id, m.account, m.name, m.uidvalidity, m.uidnext, m.modseq, m.total, m.unseen, m.deleted, m.size,
	m.use, m.noselect, EXISTS (SELECT 1 FROM subscription s WHERE s.account = m.account AND s.name = m.name) FROM mailbox m `

func (m *Mailbox) read(st *sqlite.Stmt) {
	*m = Mailbox{
		ID:          MailboxID(st.ColumnInt64(0)),
		Account:     AccountID(st.ColumnInt64(1)),
		Name:        st.ColumnText(2),
		UIDValidity: uint32(st.ColumnInt64(3)),
		UIDNext:     uint32(st.ColumnInt64(4)),
		ModSeq:      st.ColumnInt64(5),
		Total:       st.ColumnInt64(6),
		Unseen:      st.ColumnInt64(7),
		Deleted:     st.ColumnInt64(8),
		Size:        st.ColumnInt64(9),
		SpecialUse:  st.ColumnText(10),
		NoSelect:    st.ColumnBool(11),
		Subscribed:  st.ColumnBool(12),
	}
}

// Mailboxes lists an account's mailboxes and subscribed names, INBOX first, then by name.
func (s *Store) Mailboxes(ctx context.Context, acc AccountID) ([]Mailbox, error) {
	var list []Mailbox
	err := s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		err := each(c, selectMailbox+`WHERE m.account = ?`, func(st *sqlite.Stmt) {
			var m Mailbox
			m.read(st)
			list = append(list, m)
		}, int64(acc))
		if err != nil {
			return err
		}
		return each(c, `SELECT name FROM subscription s WHERE account = ?
			AND NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.account = s.account AND m.name = s.name)`, func(st *sqlite.Stmt) {
			list = append(list, Mailbox{Account: acc, Name: st.ColumnText(0), Subscribed: true, NoSelect: true})
		}, int64(acc))
	})
	slices.SortFunc(list, func(a, b Mailbox) int {
		switch {
		case a.Name == b.Name:
			return 0
		case a.Name == inbox:
			return -1
		case b.Name == inbox:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, wrap("list mailboxes", err)
}

// Mailbox finds a mailbox by name. ErrNoMailbox also for what cannot be a name.
func (s *Store) Mailbox(ctx context.Context, acc AccountID, name string) (Mailbox, error) {
	var m Mailbox
	clean, err := mailboxName(name)
	if err != nil {
		return m, fmt.Errorf("mailbox %q: %w", name, ErrNoMailbox)
	}
	err = s.read(ctx, func(c *sqlite.Conn) (err error) {
		m, err = findMailbox(c, acc, clean)
		return err
	})
	return m, wrap("mailbox "+clean, err)
}

// findMailbox gives the mailbox of that name, or ErrNoMailbox.
func findMailbox(c *sqlite.Conn, acc AccountID, name string) (Mailbox, error) {
	var m Mailbox
	st, err := c.Prepare(selectMailbox + `WHERE m.account = ? AND m.name = ?`)
	if err != nil {
		return m, err
	}
	st.BindInt64(1, int64(acc))
	st.BindText(2, name)
	found, err := first(st, m.read)
	if err == nil && !found {
		err = ErrNoMailbox
	}
	return m, err
}

// MailboxByID gives the mailbox as it is now, or ErrNoMailbox once it was removed.
func (s *Store) MailboxByID(ctx context.Context, id MailboxID) (Mailbox, error) {
	var m Mailbox
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		m, err = mailboxByID(c, id)
		return err
	})
	return m, wrap("mailbox", err)
}

func mailboxByID(c *sqlite.Conn, id MailboxID) (Mailbox, error) {
	var m Mailbox
	found, err := one(c, selectMailbox+`WHERE m.id = ?`, m.read, int64(id))
	if err == nil && !found {
		err = ErrNoMailbox
	}
	return m, err
}

// Subscribe keeps or forgets a name in the list of subscriptions. It need not
// be that of a mailbox (RFC 3501 §6.3.6).
func (s *Store) Subscribe(ctx context.Context, acc AccountID, name string, on bool) error {
	clean, err := mailboxName(name)
	if err != nil {
		return fmt.Errorf("subscribe %q: %w", name, err)
	}
	return wrap("subscribe "+clean, s.write(ctx, func(tx *tx) error {
		tx.touch(acc, 0)
		return subscribe(tx, acc, clean, on)
	}))
}

func subscribe(tx *tx, acc AccountID, name string, on bool) error {
	query := `DELETE FROM subscription WHERE account = ? AND name = ?`
	if on {
		query = `INSERT INTO subscription(account, name) VALUES(?, ?) ON CONFLICT DO NOTHING`
	}
	st, err := tx.Prepare(query)
	if err != nil {
		return err
	}
	st.BindInt64(1, int64(acc))
	st.BindText(2, name)
	_, err = st.Step()
	return err
}
