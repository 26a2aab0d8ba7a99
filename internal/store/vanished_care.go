package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// What vanished is kept for ever, as a client may come back after years
// (RFC 7162 §3.2.5). The newest removals of a mailbox are kept exactly; older
// ones become as few ranges as there are, all under one modseq. Who was away
// since before that is told of all of them: of some that it knew of already,
// which RFC 7162 §3.2.10.1 allows, and never of too few. What is left is at most
// a range for each message that is still there.
const (
	// exactVanished is how many ranges are kept as they are, for months of a
	// person's mail; and it is not begun before there are as many again.
	exactVanished = 1000 // ranges, 20 KB

	// sliceVanished is how many rows a transaction writes.
	sliceVanished = 512
)

// mergeVanished makes ranges of what was removed long ago.
func (s *Store) mergeVanished(ctx context.Context) error {
	boxes, err := s.manyVanished(ctx)
	if err != nil {
		return wrap("look for vanished ranges", err)
	}
	for _, box := range boxes {
		if err := s.mergeVanishedOf(ctx, box); err != nil {
			return fmt.Errorf("merge vanished ranges: %w", err)
		}
	}
	return nil
}

// manyVanished lists mailboxes where it may be worth it.
func (s *Store) manyVanished(ctx context.Context) (boxes []MailboxID, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		return each(c, `SELECT mailbox FROM vanished GROUP BY mailbox HAVING count(*) >= ?`, func(st *sqlite.Stmt) {
			boxes = append(boxes, MailboxID(st.ColumnInt64(0)))
		}, 2*exactVanished)
	})
	return boxes, err
}

// mergeVanishedOf writes the merged ranges before it removes those that they
// stand for: a crash between leaves both, which tells of nothing wrong.
func (s *Store) mergeVanishedOf(ctx context.Context, box MailboxID) error {
	modSeq, ranges, err := s.oldVanished(ctx, box)
	if err != nil || len(ranges) == 0 {
		return err
	}
	err = s.slices(ctx, func(tx *tx) (more bool, err error) {
		n := min(len(ranges), sliceVanished)
		for _, r := range ranges[:n] {
			if err := putVanished(tx, box, modSeq, r); err != nil {
				return false, err
			}
		}
		ranges = ranges[n:]
		return len(ranges) > 0, nil
	})
	if err != nil {
		return err
	}
	return s.slices(ctx, func(tx *tx) (more bool, err error) {
		err = run(tx.Conn, `DELETE FROM vanished WHERE mailbox = ?1 AND (modseq, lo) IN
			(SELECT modseq, lo FROM vanished WHERE mailbox = ?1 AND modseq < ?2 ORDER BY modseq, lo LIMIT ?3)`,
			int64(box), modSeq, sliceVanished)
		return tx.Changes() == sliceVanished, err
	})
}

// putVanished writes a range in place of those that it covers under the same
// modseq. The mailbox may have been removed meanwhile.
func putVanished(tx *tx, box MailboxID, modSeq int64, r uidset.Range) error {
	err := run(tx.Conn, `INSERT INTO vanished(mailbox, modseq, lo, hi) SELECT id, ?, ?, ? FROM mailbox WHERE id = ?+0
		ON CONFLICT DO UPDATE SET hi = max(hi, excluded.hi)`, modSeq, int64(r.Lo), int64(r.Hi), int64(box))
	if err != nil {
		return err
	}
	return run(tx.Conn, `DELETE FROM vanished WHERE mailbox = ?+0 AND modseq = ? AND lo > ? AND lo <= ?`,
		int64(box), modSeq, int64(r.Lo), int64(r.Hi))
}

// oldVanished gives the merged ranges of all but the newest removals, and the
// modseq of the last of them; no ranges where merging does not halve them.
func (s *Store) oldVanished(ctx context.Context, box MailboxID) (modSeq int64, merged []uidset.Range, err error) {
	var old, all []uidset.Range
	err = s.read(ctx, func(c *sqlite.Conn) (err error) {
		modSeq, err = number(c, `SELECT modseq FROM vanished WHERE mailbox = ?+0 ORDER BY modseq DESC, lo DESC LIMIT 1 OFFSET ?`, box, exactVanished)
		if err != nil || modSeq == 0 {
			return err
		}
		return each(c, `SELECT lo, hi, modseq FROM vanished WHERE mailbox = ?+0`, func(st *sqlite.Stmt) {
			r := uidset.Range{Lo: uint32(st.ColumnInt64(0)), Hi: uint32(st.ColumnInt64(1))}
			if all = append(all, r); st.ColumnInt64(2) <= modSeq {
				old = append(old, r)
			}
		}, int64(box))
	})
	if err != nil {
		return 0, nil, err
	}
	before := len(old)
	if merged = spanning(uidset.Of(old...), uidset.Of(all...)); 2*len(merged) > before {
		return 0, nil, nil
	}
	return modSeq, merged, nil
}

// spanning gives the ranges of all that have some of old in them. What else is in
// them was removed later: who asks for the old ones is told of it anyway.
func spanning(old, all uidset.Set) (list []uidset.Range) {
	rest := old.Ranges()
	for _, r := range all.Ranges() {
		if len(rest) > 0 && rest[0].Lo <= r.Hi {
			list = append(list, r)
		}
		for len(rest) > 0 && rest[0].Lo <= r.Hi {
			rest = rest[1:]
		}
	}
	return list
}
