package store

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"
)

// sliceBlocks is how many blocks a transaction removes: about a segment's.
const sliceBlocks = 512

// IndexStatus is how far the search index is.
type IndexStatus struct {
	On      bool
	Octets  int64 // in the file, about: its blocks take a few octets each beside their data
	Indexed int64 // messages in it; copies of one count once
	Skipped int64 // messages too long for it
	Waiting int64 // messages still to do; the newest ones wait until they are worth it
}

// IndexStatus tells how far the search index is and what it takes.
func (s *Store) IndexStatus(ctx context.Context) (IndexStatus, error) {
	status := IndexStatus{On: s.Settings().SearchIndex}
	err := s.read(ctx, func(c *sqlite.Conn) error {
		var last, looked int64
		_, err := one(c, `SELECT coalesce(sum(count), 0), coalesce(sum(octets + octets / 32 + length(bodies)), 0), coalesce(max(last), 0) FROM text_segment`,
			func(st *sqlite.Stmt) {
				status.Indexed, status.Octets, last = st.ColumnInt64(0), st.ColumnInt64(1), st.ColumnInt64(2)
			})
		if err != nil {
			return err
		}
		if status.Waiting, err = number(c, `SELECT count(*) FROM body WHERE id > ? AND length(env) > 0`, last); err != nil {
			return err
		}
		looked, err = number(c, `SELECT count(*) FROM body WHERE id <= ? AND length(env) > 0`, last)
		status.Skipped = max(looked-status.Indexed, 0) // dead bodies may still be counted among the indexed
		return err
	})
	return status, wrap("index status", err)
}

// DropIndex forgets the search index at once; a running server makes it anew if
// it is switched on. Its room is given back in slices by the server.
func (s *Store) DropIndex(ctx context.Context) error {
	err := s.write(ctx, func(tx *tx) error {
		tx.onCommit(s.indexer.wake)
		return run(tx.Conn, `DELETE FROM text_segment`)
	})
	return wrap("drop the search index", err)
}

// dropIndex is DropIndex with the slices. Nothing is written when nothing is there.
func (s *Store) dropIndex(ctx context.Context) error {
	some := false
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		some, err = one(c, `SELECT 1 FROM text_segment`, func(*sqlite.Stmt) {})
		return err
	})
	if err == nil && some {
		err = s.writeLazy(ctx, func(tx *tx) error { return run(tx.Conn, `DELETE FROM text_segment`) })
	}
	if err == nil {
		err = s.sweepBlocks(ctx)
	}
	return wrap("drop the search index", err)
}

// sweepBlocks removes blocks whose segment is no more. It looks at the first
// block of each segment only.
func (s *Store) sweepBlocks(ctx context.Context) error {
	for from := int64(0); ; {
		segment, gone, err := s.nextSegment(ctx, from)
		if err != nil || segment == 0 {
			return err
		}
		if gone {
			err = s.slices(ctx, func(tx *tx) (more bool, err error) { return sweepSegment(tx, segment) })
			if err != nil {
				return err
			}
		}
		from = segment + 1
	}
}

// nextSegment is the first segment from that number on that has blocks.
func (s *Store) nextSegment(ctx context.Context, from int64) (segment int64, gone bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		key, err := number(c, `SELECT id FROM text_block WHERE id >= ? ORDER BY id LIMIT 1`, blockKey(from, 0))
		if err != nil || key == 0 {
			return err
		}
		segment = key >> trigramBits
		there, err := one(c, `SELECT 1 FROM text_segment WHERE id = ?`, func(*sqlite.Stmt) {}, segment)
		gone = !there
		return err
	})
	return segment, gone, err
}

func sweepSegment(tx *tx, segment int64) (more bool, err error) {
	err = run(tx.Conn, `DELETE FROM text_block WHERE id IN (SELECT id FROM text_block WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)`,
		blockKey(segment, 0), blockKey(segment+1, 0)-1, sliceBlocks)
	return tx.Changes() == sliceBlocks, err
}

// tidyIndex renews segments of which half the bodies are gone, and joins small
// ones with their neighbours. It makes the new one out of the old postings: no message is read.
func (s *Store) tidyIndex(ctx context.Context) error {
	if !s.Settings().SearchIndex {
		return nil
	}
	select {
	case s.indexer.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.indexer.turn }()
	parts, err := s.segmentParts(ctx)
	if err != nil {
		return wrap("tidy the search index", err)
	}
	for len(parts) > 0 {
		n := joinable(parts)
		if n > 1 || parts[0].mostlyGone() {
			err := s.renew(ctx, parts[:n])
			if errors.Is(err, errStale) {
				break // what is left the next night finds
			}
			if err != nil {
				return wrap("tidy the search index", err)
			}
		}
		parts = parts[n:]
	}
	return wrap("tidy the search index", s.sweepBlocks(ctx))
}

// segmentPart is a segment with what is left of it.
type segmentPart struct {
	id     int64
	last   BodyID
	octets int
	bodies []BodyID
	alive  docs // the headers' half
	left   int  // bodies alive
}

func (p *segmentPart) mostlyGone() bool { return 2*p.left <= len(p.bodies) }

// small tells a segment that is worth joining with others: fewer, and each written once or twice.
func (p *segmentPart) small() bool { return p.left <= segmentBodies/2 }

// joinable is how many of the first segments go into one.
func joinable(parts []segmentPart) int {
	bodies, octets := 0, 0
	for n := range parts {
		p := &parts[n]
		bodies, octets = bodies+p.left, octets+p.octets
		if n > 0 && (!p.small() || !parts[0].small() || bodies > segmentBodies || octets > maxPostings/2) {
			return n
		}
	}
	return len(parts)
}

// segmentParts looks which bodies of each segment are still there. A body in
// dead is as good as gone.
func (s *Store) segmentParts(ctx context.Context) (parts []segmentPart, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		err := each(c, `SELECT id, last, octets, bodies FROM text_segment ORDER BY last`, func(st *sqlite.Stmt) {
			parts = append(parts, segmentPart{
				id: st.ColumnInt64(0), last: BodyID(st.ColumnInt64(1)), octets: int(st.ColumnInt64(2)), bodies: readIDs(nil, columnBytes(st, 3, nil)),
			})
		})
		for i := range parts {
			if err == nil {
				err = parts[i].look(c)
			}
		}
		return err
	})
	return parts, err
}

func (p *segmentPart) look(c *sqlite.Conn) error {
	if len(p.bodies) == 0 {
		return nil
	}
	doc := 0
	return each(c, `SELECT id FROM body WHERE id BETWEEN ? AND ? ORDER BY id`, func(st *sqlite.Stmt) {
		id := BodyID(st.ColumnInt64(0))
		for doc < len(p.bodies) && p.bodies[doc] < id {
			doc++
		}
		if doc < len(p.bodies) && p.bodies[doc] == id {
			p.alive.add(doc)
			p.left++
		}
	}, int64(p.bodies[0]), int64(p.bodies[len(p.bodies)-1]))
}

// renew puts what is left of neighbouring segments into a new one.
func (s *Store) renew(ctx context.Context, parts []segmentPart) error {
	m := &segmentMaker{last: parts[len(parts)-1].last}
	for i := range parts {
		err := s.read(ctx, func(c *sqlite.Conn) error { return m.take(c, &parts[i]) })
		if errors.Is(err, errDamaged) { // its messages are scanned until the index is made anew
			s.log.Warn("part of the search index is damaged: use buzon search-index rebuild")
			return nil
		}
		if err != nil {
			return err
		}
	}
	blocks := encodeBlocks(uniqueSorted(m.postings))
	return s.writeLazy(ctx, func(tx *tx) error {
		for i := range parts {
			if err := run(tx.Conn, `DELETE FROM text_segment WHERE id = ?`, parts[i].id); err != nil {
				return err
			}
			if tx.Changes() == 0 { // another process did it, or dropped the index
				return errStale
			}
		}
		if len(m.bodies) == 0 {
			return nil
		}
		return insertSegment(tx, m.last, m.bodies, blocks)
	})
}

var (
	errDamaged = errors.New("a block of the search index is damaged")
	errStale   = errors.New("the search index changed meanwhile")
)

// take adds the postings of a segment's bodies that are left.
func (m *segmentMaker) take(c *sqlite.Conn, p *segmentPart) error {
	var place [segmentBodies]int
	for doc, id := range p.bodies {
		if p.alive.has(doc) {
			place[doc] = len(m.bodies)
			m.bodies = append(m.bodies, id)
		}
	}
	damaged := false
	err := each(c, `SELECT id, data FROM text_block WHERE id BETWEEN ? AND ? ORDER BY id`, func(st *sqlite.Stmt) {
		m.short = columnBytes(st, 1, m.short[:0])
		damaged = !m.takeBlock(trigram(st.ColumnInt64(0)&(1<<trigramBits-1)), m.short, &p.alive, &place) || damaged
	}, blockKey(p.id, 0), blockKey(p.id+1, 0)-1)
	if err == nil && damaged {
		err = errDamaged
	}
	return err
}

func (m *segmentMaker) takeBlock(t trigram, b []byte, alive *docs, place *[segmentBodies]int) bool {
	for len(b) > 0 {
		step, e, rest, ok := nextEntry(b)
		if !ok {
			return false
		}
		t, b = t+step, rest
		have := e.docs()
		for doc := range segmentDocs {
			if have.has(doc) && alive.has(doc%segmentBodies) {
				m.postings = append(m.postings, posting(t)<<8|posting(place[doc%segmentBodies]+doc/segmentBodies*segmentBodies))
			}
		}
	}
	return true
}
