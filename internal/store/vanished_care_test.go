package store

import (
	"math/rand/v2"
	"testing"

	"buzon/internal/uidset"
)

// Merging makes few rows of many. A client that was away for short is told
// exactly, one that was away for long everything it missed; none is told that a message is gone which is there.
func TestMergeVanished(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	_, box := person(t, s, "ana", 0)
	_, other := person(t, s, "luis", 0)
	r := rand.New(rand.NewPCG(1, 2))
	const n = 3 * exactVanished
	order := r.Perm(n) // UID order[i]+1 was removed at modseq i+2
	alive := make(map[uint32]bool)
	check(t, s.write(t.Context(), func(tx *tx) error {
		for i, k := range order {
			uid := int64(k + 1)
			if uid%97 == 0 { // is there still
				alive[uint32(uid)] = true
				continue
			}
			for _, b := range []MailboxID{box, other} {
				if b == other && i%4 > 0 { // too few to be worth it
					continue
				}
				if err := run(tx.Conn, `INSERT INTO vanished VALUES(?, ?, ?, ?)`, int64(b), int64(i+2), uid, uid); err != nil {
					return err
				}
			}
		}
		return exec(tx.Conn, `UPDATE mailbox SET modseq = ?, uidnext = ?`, n+10, n+10)
	}))
	since := func(b MailboxID, modSeq int64) uidset.Set {
		_, gone, err := s.Since(t.Context(), b, modSeq, span(1, n+9))
		check(t, err)
		return gone
	}
	exact := make(map[int64]uidset.Set)
	for modSeq := int64(1); modSeq < n+2; modSeq += 50 {
		exact[modSeq] = since(box, modSeq)
	}
	untouched := since(other, 1)
	for range 2 { // and once more, with nothing to do
		check(t, s.mergeVanished(t.Context()))
		rows := count(t, s, `SELECT count(*) FROM vanished WHERE mailbox = ?`, box)
		if most := int64(exactVanished + n/97 + 3); rows > most {
			t.Errorf("%d rows, want at most %d", rows, most)
		}
	}
	for modSeq, want := range exact {
		got := since(box, modSeq)
		if want.AndNot(got).Len() > 0 {
			t.Errorf("since %d: %v are not told", modSeq, want.AndNot(got).Ranges())
		}
		if modSeq > n-exactVanished && got.Len() != want.Len() {
			t.Errorf("since %d: %d told, want %d", modSeq, got.Len(), want.Len())
		}
		for uid := range alive {
			if got.Has(uid) {
				t.Errorf("since %d: %d is said to be gone", modSeq, uid)
			}
		}
	}
	if got := since(other, 1); got.Len() != untouched.Len() || count(t, s, `SELECT count(*) FROM vanished WHERE mailbox = ?`, other) < n/5 {
		t.Error("the other mailbox changed")
	}
}
