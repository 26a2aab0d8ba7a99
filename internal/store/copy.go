package store

import (
	"context"
	"fmt"
	"strings"

	"buzon/internal/uidset"
)

// Copied tells of COPY and MOVE which UIDs became which, pairwise in ascending order (RFC 4315 §3).
type Copied struct {
	UIDValidity uint32 // of the destination
	From, To    uidset.Set
}

// Copy puts the messages of uids into dst as well, with their flags, keywords
// and INTERNALDATE (RFC 3501 §6.4.7); what was fetched by POP3 is forgotten.
// Those already gone are left out. ErrOverQuota.
func (s *Store) Copy(ctx context.Context, src MailboxID, uids uidset.Set, dst MailboxID) (Copied, error) {
	return s.transfer(ctx, "copy", src, uids, dst, false)
}

// Move puts the messages of uids into dst instead (RFC 6851 §3); dst may be src.
func (s *Store) Move(ctx context.Context, src MailboxID, uids uidset.Set, dst MailboxID) (Copied, error) {
	return s.transfer(ctx, "move", src, uids, dst, true)
}

func (s *Store) transfer(ctx context.Context, what string, src MailboxID, uids uidset.Set, dst MailboxID, move bool) (Copied, error) {
	var done Copied
	err := s.write(ctx, func(tx *tx) (err error) {
		done, err = transfer(tx, src, uids, dst, move)
		return err
	})
	if err != nil {
		return Copied{}, fmt.Errorf("%s: %w", what, err)
	}
	s.recent.add(arrivals{{dst, done.To.Min()}})
	return done, nil
}

func transfer(tx *tx, src MailboxID, uids uidset.Set, dst MailboxID, move bool) (Copied, error) {
	from, to, err := beginBoth(tx, src, dst)
	if err != nil {
		return Copied{}, err
	}
	hit, err := findRows(tx.Conn, src, uids, 0)
	if err != nil || hit.uids.Len() == 0 {
		return Copied{UIDValidity: to.uidValidity}, err
	}
	flags, err := carriedFlags(tx, src, dst, hit.flags)
	if err != nil {
		return Copied{}, err
	}
	if err := noteJunk(tx, from.account, src, dst, hit.uids); err != nil {
		return Copied{}, err
	}
	var first int64
	if move {
		first, err = to.number(hit.uids.Len()) // the account has them already
	} else {
		first, err = to.admit(hit.uids.Len(), hit.counts.size)
	}
	if err != nil {
		return Copied{}, err
	}
	if move {
		err = moveRows(tx, from, to, hit, first, flags)
	} else {
		err = copyRows(tx, from, to, hit, first, flags)
	}
	lo := uint32(first)
	return Copied{to.uidValidity, hit.uids, uidset.Of(uidset.Range{Lo: lo, Hi: lo + uint32(hit.uids.Len()) - 1})}, err
}

// beginBoth gives one change where both are the same mailbox. The two belong to
// one account: threads and quotas are an account's own.
func beginBoth(tx *tx, src, dst MailboxID) (from, to *change, err error) {
	if from, err = begin(tx, src); err != nil {
		return nil, nil, err
	}
	if src == dst {
		return from, from, nil
	}
	if to, err = begin(tx, dst); err != nil {
		return nil, nil, err
	}
	if from.account != to.account {
		return nil, nil, ErrNoMailbox
	}
	return from, to, nil
}

func copyRows(tx *tx, from, to *change, hit found, first int64, flags string) error {
	err := placeRows(tx, `INSERT INTO msg(mailbox, uid, body, modseq, flags, idate, savedate, size, thread)
		SELECT ?1, uid + ?2, body, ?3, `+flags+`, idate, ?4, size, thread FROM msg WHERE mailbox = ?5+0 AND uid BETWEEN ?6 AND ?7`,
		from, to, hit.uids, first)
	if err != nil {
		return err
	}
	for _, r := range hit.uids.Ranges() {
		err := run(tx.Conn, `INSERT INTO share(body, refs) SELECT body, 2 FROM msg WHERE mailbox = ?+0 AND uid BETWEEN ? AND ?
			ON CONFLICT DO UPDATE SET refs = refs + 1`, int64(from.box), int64(r.Lo), int64(r.Hi))
		if err != nil {
			return err
		}
	}
	to.by.plus(hit.counts, 1)
	return to.finish(tx)
}

func moveRows(tx *tx, from, to *change, hit found, first int64, flags string) error {
	err := placeRows(tx, `UPDATE msg SET mailbox = ?1, uid = uid + ?2, modseq = ?3, flags = `+flags+`, savedate = ?4
		WHERE mailbox = ?5+0 AND uid BETWEEN ?6 AND ?7`, from, to, hit.uids, first)
	if err != nil {
		return err
	}
	if err := from.vanish(tx, hit.uids); err != nil {
		return err
	}
	from.by.plus(hit.counts, -1)
	to.by.plus(hit.counts, 1)
	if from != to {
		if err := from.finish(tx); err != nil {
			return err
		}
	}
	return to.finish(tx)
}

// placeRows runs query for each range of uids, whose UIDs all exist, so that
// the new ones follow each other from first on.
func placeRows(tx *tx, query string, from, to *change, uids uidset.Set, first int64) error {
	st, _, err := tx.PrepareTransient(query)
	if err != nil {
		return err
	}
	defer st.Finalize()
	for _, r := range uids.Ranges() {
		for i, a := range [...]int64{int64(to.box), first - int64(r.Lo), to.modSeq, tx.now.Unix(), int64(from.box), int64(r.Lo), int64(r.Hi)} {
			st.BindInt64(i+1, a)
		}
		if _, err := st.Step(); err != nil {
			return err
		}
		if err := st.Reset(); err != nil {
			return err
		}
		first += int64(r.Len())
	}
	return nil
}

// carriedFlags is the SQL that turns flags of src, of which have is the union,
// into those of dst: keywords have other bits there.
func carriedFlags(tx *tx, src, dst MailboxID, have Flags) (string, error) {
	stay := ^(Fetched | keywordMask)
	if have&keywordMask == 0 || src == dst {
		return fmt.Sprintf("flags & %d", int64(stay|have&keywordMask)), nil
	}
	names, err := keywords(tx.Conn, src)
	if err != nil {
		return "", err
	}
	var moved strings.Builder
	for i, name := range names {
		bit := KeywordBit + i
		if have&(1<<bit) == 0 {
			continue
		}
		there, err := keywordBits(tx, dst, []string{name}, true)
		if err != nil {
			return "", err
		}
		if there == 1<<bit {
			stay |= there
			continue
		}
		fmt.Fprintf(&moved, " | CASE WHEN flags & %d THEN %d ELSE 0 END", int64(1)<<bit, int64(there))
	}
	return fmt.Sprintf("(flags & %d)%s", int64(stay), moved.String()), nil
}
