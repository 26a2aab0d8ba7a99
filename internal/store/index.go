package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
)

// The search index tells which messages may have a text, so that a search looks
// into few. It is lazy: a goroutine makes it some time after the messages came,
// a segment of many at once, and what is in no segment is looked at by whoever
// searches. It holds nothing that the messages do not: it may be lost, dropped
// and made again at any time.
//
// A segment is written once, because cards wear: FTS5 with its trigram
// tokenizer and the same text wrote 4 times as much for its merges, in
// transactions of up to 190 ms, and took 0.36 of the text's size against 0.30.

const (
	// quiet is how long nobody commits before the index is worked on, and
	// maxQuiet how long that is waited for.
	quiet    = 3 * time.Second
	maxQuiet = time.Minute

	// worthSegment is how many new bodies are waited for. Fewer are soon
	// scanned, and a segment of few takes more room.
	worthSegment = 64

	// workTime is how long the indexer works before it pauses as long.
	workTime = 5 * time.Millisecond
)

// indexer is the goroutine that makes the index.
type indexer struct {
	bell  chan struct{}
	ctx   context.Context
	end   context.CancelFunc
	ended chan struct{}
	turn  chan struct{} // one token: who makes segments
}

func newIndexer() *indexer {
	ctx, end := context.WithCancel(context.Background())
	return &indexer{bell: make(chan struct{}, 1), ctx: ctx, end: end, ended: make(chan struct{}), turn: make(chan struct{}, 1)}
}

func (x *indexer) wake() {
	select {
	case x.bell <- struct{}{}:
	default: // already rung
	}
}

// stop ends the goroutine; a segment being made is forgotten.
func (x *indexer) stop() {
	x.end()
	<-x.ended
}

func (s *Store) runIndexer() {
	x := s.indexer
	defer close(x.ended)
	for {
		select {
		case <-x.ctx.Done():
			return
		case <-x.bell:
		}
		if !x.waitForQuiet() {
			return
		}
		if err := s.updateIndex(x.ctx, worthSegment, true); err != nil && !errors.Is(err, context.Canceled) {
			s.log.Error("making the search index failed", "err", err)
		}
	}
}

// waitForQuiet waits until the bell was not rung for a while; false is the end.
func (x *indexer) waitForQuiet() bool {
	calm := time.NewTimer(quiet)
	defer calm.Stop()
	latest := time.NewTimer(maxQuiet)
	defer latest.Stop()
	for {
		select {
		case <-x.ctx.Done():
			return false
		case <-x.bell:
			calm.Reset(quiet)
		case <-calm.C:
			return true
		case <-latest.C:
			return true
		}
	}
}

// UpdateIndex indexes all messages there are now, at full speed. The store does
// it by itself, in no hurry and many at a time; this is for who cannot wait.
func (s *Store) UpdateIndex(ctx context.Context) error {
	return wrap("update the search index", s.updateIndex(ctx, 1, false))
}

// updateIndex makes segments while at least worth bodies wait, or removes the
// index when it is switched off.
func (s *Store) updateIndex(ctx context.Context, worth int, gently bool) error {
	select {
	case s.indexer.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.indexer.turn }()
	if !s.Settings().SearchIndex {
		return s.dropIndex(ctx)
	}
	if err := s.sweepBlocks(ctx); err != nil {
		return err
	}
	var m *segmentMaker // a megabyte: not before there is something to do
	for s.Settings().SearchIndex {
		from, waiting, err := s.notIndexed(ctx)
		if err != nil || len(waiting) < worth {
			return err
		}
		if m == nil {
			m = newSegmentMaker()
		}
		m.reset()
		if err := s.fillSegment(ctx, m, waiting, gently); err != nil {
			return err
		}
		if err := s.keepSegment(ctx, m, from); err != nil {
			return err
		}
	}
	return nil
}

// notIndexed is the highest body that was looked at, and the next ones, as many
// as a segment holds. A body that is being staged will come with its old
// number: what follows it waits. Those that only wait to be sent are passed over.
func (s *Store) notIndexed(ctx context.Context) (from BodyID, waiting []BodyID, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		if from, err = lastIndexed(c); err != nil {
			return err
		}
		return each(c, `SELECT id FROM body WHERE id > ? AND id < (SELECT coalesce(min(body), 1 << 62) FROM staging) AND length(env) > 0 ORDER BY id LIMIT ?`,
			func(st *sqlite.Stmt) { waiting = append(waiting, BodyID(st.ColumnInt64(0))) }, int64(from), segmentBodies)
	})
	return from, waiting, wrap("look for what is not indexed", err)
}

// lastIndexed is the highest body that was looked at.
func lastIndexed(c *sqlite.Conn) (BodyID, error) {
	n, err := number(c, `SELECT max(last) FROM text_segment`)
	return BodyID(n), err
}

// fillSegment reads bodies until the segment is full. No transaction is held
// meanwhile, and gently is with half of a processor at most.
func (s *Store) fillSegment(ctx context.Context, m *segmentMaker, waiting []BodyID, gently bool) error {
	begin := time.Now()
	for _, id := range waiting {
		if m.full() {
			return nil
		}
		if err := m.add(ctx, s, id); err != nil {
			return err
		}
		if worked := time.Since(begin); gently && worked > workTime {
			if err := pause(ctx, worked); err != nil {
				return err
			}
			begin = time.Now()
		}
	}
	return nil
}

// keepSegment writes a segment, unless another process was faster or dropped
// the index meanwhile. The commit is lazy: what a power cut takes is made again.
func (s *Store) keepSegment(ctx context.Context, m *segmentMaker, from BodyID) error {
	m.postings = uniqueSorted(m.postings)
	blocks := encodeBlocks(m.postings)
	err := s.writeLazy(ctx, func(tx *tx) error {
		if now, err := lastIndexed(tx.Conn); err != nil || now != from {
			return err
		}
		return insertSegment(tx, m.last, m.bodies, blocks)
	})
	return wrap("keep a segment", err)
}

func insertSegment(tx *tx, last BodyID, bodies []BodyID, blocks encodedBlocks) error {
	err := exec(tx.Conn, `INSERT INTO text_segment(last, count, octets, bodies) VALUES(?, ?, ?, ?)`,
		last, len(bodies), len(blocks.data), appendIDs(nil, bodies))
	if err != nil {
		return err
	}
	segment := tx.LastInsertRowID()
	st, err := tx.Prepare(`INSERT INTO text_block(id, data) VALUES(?, ?)`)
	if err != nil {
		return err
	}
	start := 0
	for _, b := range blocks.list {
		st.BindInt64(1, blockKey(segment, b.first))
		st.BindBytes(2, blocks.data[start:b.end])
		if _, err := st.Step(); err != nil {
			return fmt.Errorf("block %d: %w", b.first, err)
		}
		if err := st.Reset(); err != nil {
			return err
		}
		start = b.end
	}
	return nil
}

func blockKey(segment int64, first trigram) int64 { return segment<<trigramBits | int64(first) }
