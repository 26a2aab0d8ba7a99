package store

import (
	"testing"

	"buzon/internal/uidset"
)

// The first unseen message is told wherever a short look finds it, and never a wrong one.
func TestFirstUnseen(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	const n = 3 * maxUnseenLook
	_, box := person(t, s, "ana", 0)
	for name, c := range map[string]struct {
		seen []uidset.Range
		want uint32
	}{
		"none is seen":           {nil, 1},
		"all are seen":           {[]uidset.Range{{Lo: 1, Hi: n}}, 0},
		"the last":               {[]uidset.Range{{Lo: 1, Hi: n - 1}}, n},
		"some at the end":        {[]uidset.Range{{Lo: 1, Hi: n - 9}, {Lo: n - 5, Hi: n - 3}}, n - 8},
		"the first at the start": {[]uidset.Range{{Lo: 1, Hi: 3}, {Lo: 5, Hi: 1000}}, 4},
		"only at the start":      {[]uidset.Range{{Lo: 1, Hi: 3}, {Lo: 5, Hi: n}}, 4},
		"too deep to be told":    {[]uidset.Range{{Lo: 1, Hi: n / 2}, {Lo: n/2 + 2, Hi: n}}, 0},
		"deep, from either end":  {[]uidset.Range{{Lo: 1, Hi: maxUnseenLook - 1}, {Lo: maxUnseenLook + 1, Hi: n - maxUnseenLook}}, maxUnseenLook},
	} {
		unseen := int64(n)
		check(t, s.write(t.Context(), func(tx *tx) error {
			if err := exec(tx.Conn, `DELETE FROM msg`); err != nil {
				return err
			}
			err := exec(tx.Conn, `WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < ?)
				INSERT INTO msg SELECT ?, n, n, 1, 0, 0, 0, 0, 0 FROM k`, n, box)
			for _, r := range c.seen {
				if err == nil {
					err = exec(tx.Conn, `UPDATE msg SET flags = 1 WHERE mailbox = ? AND uid BETWEEN ? AND ?`, box, r.Lo, r.Hi)
				}
				unseen -= int64(r.Len())
			}
			if err == nil {
				err = exec(tx.Conn, `UPDATE mailbox SET unseen = ? WHERE id = ?`, unseen, box)
			}
			return err
		}))
		got, err := s.FirstUnseen(t.Context(), box)
		if check(t, err); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}
