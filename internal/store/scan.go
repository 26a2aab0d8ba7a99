package store

import (
	"sort"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// maxSkip is how many unwanted rows are stepped over before a new search in
// the index: about what the search costs.
const maxSkip = 8 // rows

// gaps knows from which distance of UIDs on stepping over what lies between was
// in vain: a mailbox without holes shows it once, and the next wanted row is
// searched for at once; where most UIDs are gone, a wide gap has few rows.
type gaps struct {
	wide uint32 // UIDs; 0: none was too wide so far
}

func (g *gaps) tooWide(n uint32) bool { return g.wide > 0 && n >= g.wide }

func (g *gaps) inVain(n uint32) {
	if g.wide == 0 || n < g.wide {
		g.wide = n
	}
}

// scan gives f the rows of box whose UID is in uids and not below from,
// ascending, until it returns false. The query selects uid first, takes mailbox
// and the lowest uid, and orders by uid. It serves one range of 100,000 as well
// as 10,000 scattered UIDs.
func scan(c *sqlite.Conn, query string, box MailboxID, uids uidset.Set, from uint32, f func(uid uint32, st *sqlite.Stmt) bool) error {
	ranges := uids.Ranges()
	ranges = ranges[sort.Search(len(ranges), func(i int) bool { return ranges[i].Hi >= from }):]
	var g gaps
	for len(ranges) > 0 {
		st, err := prepare(c, query, []int64{int64(box), int64(max(from, ranges[0].Lo))})
		if err != nil {
			return err
		}
		if ranges, err = g.run(st, ranges, f); err != nil {
			return err
		}
	}
	return nil
}

// run steps until the rows or the ranges end, f has enough, or a wide gap
// comes; it returns the ranges still to be looked at.
func (g *gaps) run(st *sqlite.Stmt, ranges []uidset.Range, f func(uid uint32, st *sqlite.Stmt) bool) ([]uidset.Range, error) {
	skipped, last := 0, ranges[0].Lo
	for {
		more, err := st.Step()
		if err != nil || !more {
			return nil, err
		}
		uid := uint32(st.ColumnInt64(0))
		for len(ranges) > 0 && ranges[0].Hi < uid {
			ranges = ranges[1:]
		}
		if len(ranges) == 0 {
			break
		}
		if uid < ranges[0].Lo {
			if skipped++; skipped > maxSkip {
				g.inVain(uid - last)
				break
			}
			continue
		}
		if !f(uid, st) || len(ranges) == 1 && uid == ranges[0].Hi {
			return nil, st.Reset()
		}
		skipped, last = 0, uid
		if uid == ranges[0].Hi && g.tooWide(ranges[1].Lo-uid) {
			ranges = ranges[1:]
			break
		}
	}
	return ranges, st.Reset()
}

// found is what a change needs to know of the messages it is about.
type found struct {
	uids   uidset.Set
	bodies []BodyID // in the order of the UIDs
	flags  Flags    // that any of them has
	counts counts
}

// findRows gives the messages with UID in uids that have all flags of need.
func findRows(c *sqlite.Conn, box MailboxID, uids uidset.Set, need Flags) (found, error) {
	var r found
	var b uidset.Builder
	err := scan(c, `SELECT uid, body, flags, size FROM msg WHERE mailbox = ?+0 AND uid >= ? ORDER BY uid`, box, uids, 0,
		func(uid uint32, st *sqlite.Stmt) bool {
			flags := Flags(st.ColumnInt64(2))
			if flags&need != need {
				return true
			}
			b.Add(uid)
			r.bodies = append(r.bodies, BodyID(st.ColumnInt64(1)))
			r.flags |= flags
			r.counts.add(flags, st.ColumnInt64(3))
			return true
		})
	r.uids = b.Set()
	return r, err
}
