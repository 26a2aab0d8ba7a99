package store

import (
	"sort"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// slab is how many runs of messages are looked up at once: it bounds the memory
// (12 octets each), and for how long a transaction is held. A mailbox that was filled in one
// go, or by one person, has about a run a segment.
const slab = 32 << 10

// indexedRun is messages with UIDs one after the other, and where the index has
// them: in documents one after the other of one segment.
type indexedRun struct {
	uid     uint32
	segment uint32
	doc     uint8 // the header of the first
	n       uint8
}

// of adds those of the run that are in found, shifted by half.
func (r *indexedRun) of(found *docs, half int, to *uidset.Builder) {
	for i := range int(r.n) {
		if found.has(int(r.doc) + half + i) {
			to.Add(r.uid + uint32(i))
		}
	}
}

// locateAll finds the documents of a slab of messages.
func (l *lookup) locateAll(c *sqlite.Conn, box MailboxID, uids uidset.Set, from uint32) error {
	if l.places != nil {
		l.places.each(uids, from, l.locate)
		return nil
	}
	return l.locateRows(c, box, uids, from)
}

// locateRows is locateAll by the rows of the messages.
func (l *lookup) locateRows(c *sqlite.Conn, box MailboxID, uids uidset.Set, from uint32) error {
	var run placeRun
	err := scan(c, `SELECT uid, body FROM msg WHERE mailbox = ?+0 AND uid >= ? ORDER BY uid`, box, uids, from,
		func(uid uint32, st *sqlite.Stmt) bool {
			body := BodyID(st.ColumnInt64(1))
			if run.precedes(uid, body) {
				run.n++
				return true
			}
			more := l.locate(run)
			run = placeRun{uid, body, 1}
			return more
		})
	if err == nil && l.next == 0 {
		l.locate(run)
	}
	return err
}

// locate finds the segments and the documents of a run of messages; false when the slab is full.
func (l *lookup) locate(r placeRun) bool {
	for r.n > 0 {
		if len(l.runs) == slab {
			l.next = r.uid
			return false
		}
		if !l.enter(r.body) {
			return true // of this and what follows nothing is indexed
		}
		doc, n := l.documents(r)
		if doc >= 0 {
			l.take(r.uid, doc, n)
		}
		r = placeRun{r.uid + n, r.body + BodyID(n), r.n - n}
	}
	return true
}

// take notes n documents of the current segment as wanted.
func (l *lookup) take(uid uint32, doc int, n uint32) {
	want := &l.segments[l.current].want
	for i := range int(n) {
		want.add(doc + i)
		want.add(doc + i + segmentBodies)
	}
	l.runs = append(l.runs, indexedRun{uid, uint32(l.current), uint8(doc), uint8(n)})
	l.indexed.AddRange(uidset.Range{Lo: uid, Hi: uid + n - 1})
}

// enter makes the segment current in which a body is, if it is in any; false when all of them end before it.
func (l *lookup) enter(id BodyID) bool {
	if l.current >= 0 && id <= l.segments[l.current].last && (l.current == 0 || id > l.segments[l.current-1].last) {
		return true
	}
	l.current = sort.Search(len(l.segments), func(i int) bool { return l.segments[i].last >= id })
	if l.current == len(l.segments) {
		l.current = -1
		return false
	}
	l.ids = readIDs(l.ids[:0], l.segments[l.current].ids)
	return true
}

// documents is the place of the first bodies of a run among those of the current
// segment, or -1, and for how many of them that holds.
func (l *lookup) documents(r placeRun) (doc int, n uint32) {
	at := l.search(r.body)
	if at == len(l.ids) { // left out of the index, as is what follows up to the segment's end
		return -1, uint32(min(int64(r.n), int64(l.segments[l.current].last-r.body)+1))
	}
	if ahead := l.ids[at] - r.body; ahead > 0 {
		return -1, uint32(min(int64(r.n), int64(ahead)))
	}
	for n = 1; n < r.n && at+int(n) < len(l.ids) && l.ids[at+int(n)] == r.body+BodyID(n); n++ {
	}
	return at, n
}

// search is the first of ids that is not below id.
func (l *lookup) search(id BodyID) int {
	// Mostly all ids from the first to the last are there.
	if len(l.ids) > 0 {
		if i := int64(id - l.ids[0]); i >= 0 && i < int64(len(l.ids)) && l.ids[i] == id {
			return int(i)
		}
	}
	return sort.Search(len(l.ids), func(i int) bool { return l.ids[i] >= id })
}
