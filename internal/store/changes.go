package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// Changes is what happened to a mailbox after a modseq.
type Changes struct {
	ModSeq   int64 // ask again from here
	Vanished uidset.Set
	Changed  []Message  // new ones and those with new flags, by ascending UID, without Fields
	Many     uidset.Set // these instead, when they are more than maxChanged: to be listed with Page
	UIDNext  uint32
	Gone     bool // the mailbox itself was removed
}

// maxChanged is how many changed messages are listed at once: a thousand
// sessions may ask at the same time, after a change of the whole mailbox.
const maxChanged = 500 // messages, 150 octets each

// Changes lists everything after since; all of it is from one moment. since 0
// lists all that is there. A message that came and went meanwhile is in Vanished alone.
func (s *Store) Changes(ctx context.Context, box MailboxID, since int64) (Changes, error) {
	var ch Changes
	err := s.read(ctx, func(c *sqlite.Conn) error {
		m, err := mailboxByID(c, box)
		if errors.Is(err, ErrNoMailbox) || err == nil && m.NoSelect {
			ch.Gone = true
			return nil
		}
		if err != nil {
			return err
		}
		ch.ModSeq, ch.UIDNext = m.ModSeq, m.UIDNext
		if m.ModSeq <= since {
			return nil
		}
		return ch.list(c, box, since)
	})
	return ch, wrap("changes", err)
}

func (ch *Changes) list(c *sqlite.Conn, box MailboxID, since int64) error {
	query := `SELECT uid, flags, modseq FROM msg WHERE mailbox = ?+0 AND modseq > ?` // by the index
	if since == 0 {
		query = `SELECT uid, flags, modseq FROM msg WHERE mailbox = ?+0 AND +modseq > ? ORDER BY uid` // by the table
	}
	more := false
	err := each(c, query, func(st *sqlite.Stmt) {
		if more = len(ch.Changed) == maxChanged; more {
			return
		}
		ch.Changed = append(ch.Changed, Message{
			UID: uint32(st.ColumnInt64(0)), Flags: Flags(st.ColumnInt64(1)), ModSeq: st.ColumnInt64(2),
		})
	}, int64(box), since)
	if err != nil {
		return err
	}
	if more {
		ch.Changed = nil
		if ch.Many, err = changedSince(c, box, since); err != nil {
			return err
		}
	}
	slices.SortFunc(ch.Changed, func(a, b Message) int { return cmp.Compare(a.UID, b.UID) })
	ch.Vanished, err = vanishedSince(c, box, since)
	return err
}
