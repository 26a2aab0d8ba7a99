package store

import (
	"context"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
	"buzon/internal/uidset"
)

// Copies of what an account sent come from us, where "send.sent-copy" is on, and
// from the sender's program, which appends its own: nearly always after it has
// submitted the message, sometimes before. One is to stay, and it is the
// program's: it knows its UID. The table sent_copy remembers for a day which
// Message-ID came from whom; a message without one is not recognised.

// sentMailbox is the name where none has the special use: that of a new account.
const sentMailbox = "Sent"

// SentMailbox is the name of an account's mailbox for sent mail, which need not be there.
func (s *Store) SentMailbox(ctx context.Context, acc AccountID) (string, error) {
	return s.specialMailbox(ctx, acc, `\Sent`, sentMailbox)
}

// JunkMailbox is the name of an account's mailbox for junk, which need not be there.
func (s *Store) JunkMailbox(ctx context.Context, acc AccountID) (string, error) {
	return s.specialMailbox(ctx, acc, `\Junk`, "Junk")
}

// specialMailbox is the name of the mailbox with a special use (RFC 6154), or the usual name where none has it.
func (s *Store) specialMailbox(ctx context.Context, acc AccountID, use, usual string) (string, error) {
	name := usual
	err := s.read(ctx, func(c *sqlite.Conn) error {
		_, err := queryRow(c, `SELECT name FROM mailbox WHERE account = ? AND use = ? ORDER BY id LIMIT 1`,
			func(st *sqlite.Stmt) { name = st.ColumnText(0) }, acc, use)
		return err
	})
	return name, wrap("find the mailbox for "+use, err)
}

// noteSent remembers where a copy of a message stands and whether it is ours.
func noteSent(tx *tx, box MailboxID, c *content, uid int64, ours bool) error {
	if c.structure.MessageID == "" {
		return nil
	}
	return exec(tx.Conn, `INSERT INTO sent_copy(mailbox, hash, uid, ours, at) VALUES(?, ?, ?, ?, ?)`,
		box, message.HashID(c.structure.MessageID), uid, ours, tx.now)
}

// sentAlready tells whether the sender's program has stored what would be our
// copy, whose body then has one reader less.
func (p *acceptance) sentAlready(tx *tx, c *localCopy) (bool, error) {
	if !c.SentCopy || p.content.structure.MessageID == "" {
		return false, nil
	}
	box, found, err := findBox(tx, c.Account, c.Mailbox)
	if err != nil || !found {
		return false, err
	}
	there, err := queryRow(tx.Conn, `SELECT 1 FROM sent_copy s JOIN msg m ON m.mailbox = s.mailbox AND m.uid = s.uid
		WHERE s.mailbox = ? AND s.hash = ? LIMIT 1`, nil, box, message.HashID(p.content.structure.MessageID))
	if err != nil || !there {
		return false, err
	}
	return true, dropBody(tx, c.variant.body)
}

// replaceSent removes our copies of the messages that a program is about to store.
func (a *appending) replaceSent(tx *tx) error {
	var ours []uidset.Range
	for _, p := range a.list {
		if p.content.structure.MessageID == "" {
			continue
		}
		err := query(tx.Conn, `DELETE FROM sent_copy WHERE mailbox = ? AND hash = ? AND ours = 1 RETURNING uid`, func(st *sqlite.Stmt) error {
			uid := uint32(st.ColumnInt64(0))
			ours = append(ours, uidset.Range{Lo: uid, Hi: uid})
			return nil
		}, a.box, message.HashID(p.content.structure.MessageID))
		if err != nil {
			return err
		}
	}
	if len(ours) == 0 {
		return nil
	}
	_, err := expunge(tx, a.box, uidset.Of(ours...), 0)
	return err
}

// noteSent remembers what the program stored, where a copy of ours may be yet to come.
func (a *appending) noteSent(tx *tx) error {
	if !a.sentCopies {
		return nil
	}
	sent, err := queryRow(tx.Conn, `SELECT 1 FROM mailbox WHERE id = ? AND use = '\Sent'`, nil, a.box)
	if err != nil || !sent {
		return err
	}
	for i, p := range a.list {
		if err := noteSent(tx, a.box, p.content, int64(a.uids[i]), false); err != nil {
			return err
		}
	}
	return nil
}
