package store

import (
	"context"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// Since tells which messages of uids changed after a modseq, and which UIDs
// of uids were removed after it (RFC 7162 §3.1.4, §3.2.5), both as of one
// moment. It answers from the index and the kept ranges: what a client asks
// who was away costs what changed, not what there is.
func (s *Store) Since(ctx context.Context, box MailboxID, since int64, uids uidset.Set) (changed, vanished uidset.Set, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) (err error) {
		if changed, err = changedSince(c, box, since); err == nil {
			vanished, err = vanishedSince(c, box, since)
		}
		return err
	})
	return changed.And(uids), vanished.And(uids), wrap("changes since a modseq", err)
}

// changedSince gives the UIDs of new messages and of those with new flags.
func changedSince(c *sqlite.Conn, box MailboxID, since int64) (uidset.Set, error) {
	if since <= 0 { // every message
		return allUIDs(c, box)
	}
	var b []uidset.Range
	err := each(c, `SELECT uid FROM msg WHERE mailbox = ?+0 AND modseq > ? ORDER BY modseq, uid`, func(st *sqlite.Stmt) {
		uid := uint32(st.ColumnInt64(0))
		if n := len(b); n > 0 && b[n-1].Hi+1 == uid {
			b[n-1].Hi = uid
			return
		}
		b = append(b, uidset.Range{Lo: uid, Hi: uid})
	}, int64(box), since)
	return uidset.Of(b...), err
}

// vanishedSince gives the UIDs removed after a modseq.
func vanishedSince(c *sqlite.Conn, box MailboxID, since int64) (uidset.Set, error) {
	var ranges []uidset.Range
	err := each(c, `SELECT lo, hi FROM vanished WHERE mailbox = ?+0 AND modseq > ?`, func(st *sqlite.Stmt) {
		ranges = append(ranges, uidset.Range{Lo: uint32(st.ColumnInt64(0)), Hi: uint32(st.ColumnInt64(1))})
	}, int64(box), since)
	return uidset.Of(ranges...), err
}
