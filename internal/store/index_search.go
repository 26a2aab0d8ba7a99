package store

import (
	"context"
	"sort"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// Needle is a text to look for, folded as fold.Append does.
type Needle struct {
	Folded string
	Header bool // in the header
	Body   bool // in the body
}

// MinNeedle is how many octets a needle must have for the index to be of use.
const MinNeedle = 3

// Candidates is where a needle may be.
type Candidates struct {
	Header, Body uidset.Set
}

const (
	// slab is how many messages are looked up at once: it bounds the memory,
	// and for how long a transaction is held.
	slab = 32 << 10

	// maxTrigrams is how many trigrams of a needle are looked up; a few are
	// enough to leave little.
	maxTrigrams = 16
)

// Candidates tells which messages of uids are indexed, and which of those may
// have each needle: the others have it not. It is for finding what to look at,
// not an answer. Each needle has MinNeedle octets at least.
func (s *Store) Candidates(ctx context.Context, box MailboxID, uids uidset.Set, needles []Needle) (list []Candidates, indexed uidset.Set, err error) {
	l := newLookup(needles)
	if uids.Len() >= worthPlaces {
		if l.places, err = s.placesOf(ctx, box); err != nil {
			return nil, uidset.Set{}, wrap("look into the search index", err)
		}
	}
	for from := uint32(0); ; from = l.next {
		err := s.read(ctx, func(c *sqlite.Conn) error { return l.slab(c, box, uids, from) })
		if err != nil {
			return nil, uidset.Set{}, wrap("look into the search index", err)
		}
		if l.next == 0 {
			break
		}
	}
	list = make([]Candidates, len(needles))
	for i := range l.needles {
		list[i] = Candidates{Header: l.needles[i].header.Set(), Body: l.needles[i].body.Set()}
	}
	return list, l.indexed.Set(), nil
}

// lookup is one call of Candidates.
type lookup struct {
	needles  []needle
	segments []segment
	current  int // of segments: which one ids has
	ids      []BodyID
	rows     []indexedRow
	indexed  uidset.Builder
	next     uint32 // UID with which the next slab begins, 0 for none
	block    []byte
	places   *places // of the whole mailbox; nil to read what is asked for
}

// needle is a needle with what was found of it.
type needle struct {
	Needle
	trigrams     []trigram // the best first, as the last segments showed it
	header, body uidset.Builder
}

// segment is one row of text_segment.
type segment struct {
	id    int64
	last  BodyID // of ids; nothing here is higher
	ids   []byte
	want  docs // of the slab's messages
	found docs // of a needle
}

// indexedRow is a message and where the index has it.
type indexedRow struct {
	uid     uint32
	segment uint32
	doc     uint8 // of its header
}

func newLookup(needles []Needle) *lookup {
	l := &lookup{needles: make([]needle, len(needles)), current: -1}
	for i, n := range needles {
		l.needles[i] = needle{Needle: n, trigrams: trigramsOf(n.Folded)}
	}
	return l
}

// trigramsOf is the different trigrams of a needle, first those that share no octet.
func trigramsOf(folded string) (list []trigram) {
	seen := make(map[trigram]bool)
	for start := range 3 {
		for i := start; i+3 <= len(folded) && len(list) < maxTrigrams; i += 3 {
			t := trigram(folded[i])<<16 | trigram(folded[i+1])<<8 | trigram(folded[i+2])
			if !seen[t] {
				seen[t] = true
				list = append(list, t)
			}
		}
	}
	return list
}

// slab looks up as many messages as a slab has. All is read in one transaction,
// so that segments and blocks belong together.
func (l *lookup) slab(c *sqlite.Conn, box MailboxID, uids uidset.Set, from uint32) error {
	l.segments, l.rows, l.next, l.current = l.segments[:0], l.rows[:0], 0, -1
	err := each(c, `SELECT id, last, bodies FROM text_segment ORDER BY last`, func(st *sqlite.Stmt) {
		l.segments = append(l.segments, segment{id: st.ColumnInt64(0), last: BodyID(st.ColumnInt64(1)), ids: columnBytes(st, 2, nil)})
	})
	if err != nil || len(l.segments) == 0 {
		return err
	}
	if err := l.locateAll(c, box, uids, from); err != nil {
		return err
	}
	for i := range l.needles {
		if err := l.find(c, &l.needles[i]); err != nil {
			return err
		}
	}
	return nil
}

// locateAll finds the documents of a slab of messages.
func (l *lookup) locateAll(c *sqlite.Conn, box MailboxID, uids uidset.Set, from uint32) error {
	seen := 0
	locate := func(uid uint32, body BodyID) bool {
		if seen++; seen > slab {
			l.next = uid
			return false
		}
		l.locate(uid, body)
		return true
	}
	if l.places != nil {
		l.places.each(uids, from, locate)
		return nil
	}
	return scan(c, `SELECT uid, body FROM msg WHERE mailbox = ?+0 AND uid >= ? ORDER BY uid`, box, uids, from,
		func(uid uint32, st *sqlite.Stmt) bool { return locate(uid, BodyID(st.ColumnInt64(1))) })
}

// placesOf is the places of a mailbox as they are now.
func (s *Store) placesOf(ctx context.Context, box MailboxID) (*places, error) {
	p := s.places.get(box)
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		p, err = p.grown(c)
		return err
	})
	if err == nil {
		s.places.put(p)
	}
	return &p, err
}

// locate finds the segment and the document of a message.
func (l *lookup) locate(uid uint32, id BodyID) {
	if l.current < 0 || id > l.segments[l.current].last || len(l.ids) == 0 || id < l.ids[0] {
		l.current = sort.Search(len(l.segments), func(i int) bool { return l.segments[i].last >= id })
		if l.current == len(l.segments) {
			l.current = -1
			return
		}
		l.ids = readIDs(l.ids[:0], l.segments[l.current].ids)
	}
	doc := l.document(id)
	if doc < 0 {
		return
	}
	want := &l.segments[l.current].want
	want.add(doc)
	want.add(doc + segmentBodies)
	l.rows = append(l.rows, indexedRow{uid, uint32(l.current), uint8(doc)})
	l.indexed.Add(uid)
}

// document is the place of id among ids, -1 when it is not there.
func (l *lookup) document(id BodyID) int {
	// Mostly all ids from the first to the last are there.
	if i := int(id - l.ids0()); i >= 0 && i < len(l.ids) && l.ids[i] == id {
		return i
	}
	i := sort.Search(len(l.ids), func(i int) bool { return l.ids[i] >= id })
	if i == len(l.ids) || l.ids[i] != id {
		return -1
	}
	return i
}

func (l *lookup) ids0() BodyID {
	if len(l.ids) == 0 {
		return 0
	}
	return l.ids[0]
}

// find looks a needle up in all segments of the slab.
func (l *lookup) find(c *sqlite.Conn, n *needle) error {
	for i := range l.segments {
		if err := l.findIn(c, n, &l.segments[i]); err != nil {
			return err
		}
	}
	for _, row := range l.rows {
		found := &l.segments[row.segment].found
		if found.has(int(row.doc)) {
			n.header.Add(row.uid)
		}
		if found.has(int(row.doc) + segmentBodies) {
			n.body.Add(row.uid)
		}
	}
	return nil
}

// findIn looks for documents of a segment that have all trigrams of a needle.
// The one that left nothing is asked first in the next segment.
func (l *lookup) findIn(c *sqlite.Conn, n *needle, s *segment) error {
	s.found = s.want
	if !n.Header {
		clear(s.found[:len(s.found)/2])
	}
	if !n.Body {
		clear(s.found[len(s.found)/2:])
	}
	for i, t := range n.trigrams {
		if s.found == (docs{}) {
			return nil
		}
		have, err := l.docs(c, s.id, t)
		if err != nil {
			return err
		}
		if s.found.and(&have); s.found == (docs{}) && i > 0 {
			copy(n.trigrams[1:i+1], n.trigrams[:i])
			n.trigrams[0] = t
		}
	}
	return nil
}

// docs reads which documents of a segment have a trigram; all, where the block is damaged.
func (l *lookup) docs(c *sqlite.Conn, segment int64, t trigram) (docs, error) {
	st, err := c.Prepare(`SELECT id, data FROM text_block WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1`)
	if err != nil {
		return docs{}, err
	}
	st.BindInt64(1, blockKey(segment, 0))
	st.BindInt64(2, blockKey(segment, t))
	found, err := st.Step()
	if err != nil || !found {
		return docs{}, err
	}
	first := trigram(st.ColumnInt64(0) & (1<<trigramBits - 1))
	l.block = columnBytes(st, 1, l.block[:0])
	d, _ := findDocs(l.block, first, t)
	return d, st.Reset()
}
