package store

import (
	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// People teach the filter by where they put mail, with any program: into a mailbox with the special use \Junk is junk,
// out of one is good mail, but for the way to \Trash: who empties Junk that way has not looked. What came into Junk by a
// verdict of ours teaches nothing: the filter would believe itself.

const (
	junkUse  = `\Junk`
	trashUse = `\Trash`
)

// lessonOf tells what moving or copying from a mailbox of one special use to another means.
func lessonOf(from, to string) (spam, taught bool) {
	switch {
	case from == to:
		return false, false
	case to == junkUse:
		return true, true
	case from == junkUse:
		return false, to != trashUse
	}
	return false, false
}

// noteJunk notes that messages go from src to dst, before they do, in the same transaction. The learning is the trainer's.
func noteJunk(tx *tx, acc AccountID, src, dst MailboxID, uids uidset.Set) error {
	if src == dst {
		return nil
	}
	from, to, err := usesOf(tx.Conn, src, dst)
	if err != nil {
		return err
	}
	spam, taught := lessonOf(from, to)
	if !taught {
		return nil
	}
	tx.teach()
	for _, r := range uids.Ranges() {
		err := exec(tx.Conn, `INSERT INTO junk_pending(account, body, spam) SELECT ?, body, ? FROM msg WHERE mailbox = ?+0 AND uid BETWEEN ? AND ?
			ON CONFLICT DO UPDATE SET spam = excluded.spam`, acc, spam, src, r.Lo, r.Hi)
		if err != nil {
			return err
		}
	}
	return nil
}

// noteJunkCame notes messages that a program stored in box, in the place of one in from where that is not 0.
func noteJunkCame(tx *tx, acc AccountID, from, box MailboxID, list []prepared) error {
	was, is, err := usesOf(tx.Conn, from, box)
	if err != nil {
		return err
	}
	spam, taught := lessonOf(was, is)
	if !taught {
		return nil
	}
	tx.teach()
	for _, p := range list {
		err := exec(tx.Conn, `INSERT INTO junk_pending(account, body, spam) VALUES(?, ?, ?)
			ON CONFLICT DO UPDATE SET spam = excluded.spam`, acc, p.variant.body, spam)
		if err != nil {
			return err
		}
	}
	return nil
}

// usesOf gives the special uses of two mailboxes, "" where one has none or there is none.
func usesOf(c *sqlite.Conn, a, b MailboxID) (ofA, ofB string, err error) {
	_, err = one(c, `SELECT (SELECT use FROM mailbox WHERE id = ?), (SELECT use FROM mailbox WHERE id = ?)`, func(st *sqlite.Stmt) {
		ofA, ofB = st.ColumnText(0), st.ColumnText(1)
	}, int64(a), int64(b))
	return ofA, ofB, err
}
