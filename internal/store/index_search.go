package store

import (
	"context"

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
	runs     []indexedRun
	indexed  uidset.Builder
	next     uint32 // UID with which the next slab begins, 0 for none
	block    []byte
	places   *places // of the whole mailbox; nil to read what is asked for
}

// needle is a needle with what was found of it.
type needle struct {
	Needle
	trigrams     []sieve // the best first, as the last segments showed it
	header, body uidset.Builder
}

// sieve is a trigram of a needle, and for how many segments in a row it dropped nothing.
type sieve struct {
	trigram
	vain int // segments
}

const (
	// patience is how many segments a trigram may drop nothing before it is left
	// out, but for every secondChance-th segment: a text that is there mostly
	// has its first trigram alone, and each one asked reads a block.
	patience     = 4  // segments
	secondChance = 16 // segments

	// fewDocs is how many documents may be left for that: to look at one that
	// has not the text costs as much as several blocks.
	fewDocs = 4
)

// idle tells that asking is most likely in vain.
func (v *sieve) idle() bool { return v.vain >= patience && v.vain%secondChance != 0 }

// segment is one row of text_segment.
type segment struct {
	id    int64
	last  BodyID // of ids; nothing here is higher
	ids   []byte
	want  docs // of the slab's messages
	found docs // of a needle
}

func newLookup(needles []Needle) *lookup {
	l := &lookup{needles: make([]needle, len(needles)), current: -1}
	for i, n := range needles {
		l.needles[i] = needle{Needle: n, trigrams: trigramsOf(n.Folded)}
	}
	return l
}

// trigramsOf is the different trigrams of a needle, first those that share no octet.
func trigramsOf(folded string) (list []sieve) {
	seen := make(map[trigram]bool)
	for start := range 3 {
		for i := start; i+3 <= len(folded) && len(list) < maxTrigrams; i += 3 {
			t := trigram(folded[i])<<16 | trigram(folded[i+1])<<8 | trigram(folded[i+2])
			if !seen[t] {
				seen[t] = true
				list = append(list, sieve{trigram: t})
			}
		}
	}
	return list
}

// slab looks up as many messages as a slab has. All is read in one transaction,
// so that segments and blocks belong together.
func (l *lookup) slab(c *sqlite.Conn, box MailboxID, uids uidset.Set, from uint32) error {
	l.segments, l.runs, l.next, l.current = l.segments[:0], l.runs[:0], 0, -1
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

// find looks a needle up in all segments of the slab.
func (l *lookup) find(c *sqlite.Conn, n *needle) error {
	for i := range l.segments {
		if err := l.findIn(c, n, &l.segments[i]); err != nil {
			return err
		}
	}
	for _, run := range l.runs {
		if found := &l.segments[run.segment].found; *found != (docs{}) {
			run.of(found, 0, &n.header)
			run.of(found, segmentBodies, &n.body)
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
	for i := range n.trigrams {
		if s.found == (docs{}) {
			return nil
		}
		v := &n.trigrams[i]
		if i > 0 && v.idle() && s.found.count() <= fewDocs {
			v.vain++
			continue
		}
		have, err := l.docs(c, s.id, v.trigram)
		if err != nil {
			return err
		}
		before := s.found
		if s.found.and(&have); s.found != before {
			v.vain = 0
		} else {
			v.vain++
		}
		if s.found == (docs{}) && i > 0 {
			best := *v
			copy(n.trigrams[1:i+1], n.trigrams[:i])
			n.trigrams[0] = best
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
