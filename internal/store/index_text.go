package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"zombiezen.com/go/sqlite"

	"buzon/internal/fold"
	"buzon/internal/message"
)

const (
	// maxPostings is how many a segment being made may hold: a megabyte of
	// memory. Long messages end a segment before it has all its bodies.
	maxPostings = 256 << 10

	// roomForBody is how much of that must be free for one more body. One that
	// has more different trigrams than three quarters of it, as has what looks like
	// text and is none, is left out of the index.
	roomForBody   = maxPostings / 4
	maxOfDocument = roomForBody / 4 * 3

	// maxIndexed is how much text of a message is indexed; a longer one is left
	// out and always scanned.
	maxIndexed = 1 << 20 // octets

	// foldBuffer is how much text is folded at once.
	foldBuffer = 16 << 10 // octets

	// recentPostings is how many of the last trigrams are remembered, to drop most repetitions at once.
	recentPostings = 4 << 10
)

var errTooLong = errors.New("the text is too long for the index")

// segmentMaker collects the postings of a segment.
type segmentMaker struct {
	bodies   []BodyID
	last     BodyID // the highest looked at
	postings []posting

	start  int // of the body's document in postings
	doc    posting
	octets int // of the body so far
	err    error
	body   *Body
	recent [recentPostings]posting // by hash of the trigram
	buf    []byte
	header []byte
	short  []byte
}

func newSegmentMaker() *segmentMaker {
	m := &segmentMaker{postings: make([]posting, 0, maxPostings), buf: make([]byte, foldBuffer)}
	m.forget()
	return m
}

func (m *segmentMaker) reset() {
	m.bodies, m.postings, m.last = m.bodies[:0], m.postings[:0], 0
	m.forget()
}

// forget makes all of recent what no text has: three octets of 255.
func (m *segmentMaker) forget() {
	for i := range m.recent {
		m.recent[i] = ^posting(0)
	}
}

// full tells that the next body belongs to another segment.
func (m *segmentMaker) full() bool {
	return len(m.bodies) == segmentBodies || cap(m.postings)-len(m.postings) < roomForBody
}

// add takes a body in. One whose text is too long, or that cannot be read, was
// looked at and is left out.
func (m *segmentMaker) add(ctx context.Context, s *Store, id BodyID) error {
	before := len(m.postings)
	err := m.read(ctx, s, id)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.last = id
	switch {
	case err == nil:
		m.bodies = append(m.bodies, id)
		return nil
	case errors.Is(err, ErrClosed):
		return err
	case !errors.Is(err, errTooLong) && !errors.Is(err, ErrNoMessage):
		s.log.Warn("message left out of the search index", "body", id, "err", err)
	}
	m.postings = m.postings[:before]
	m.forget() // they are not there any more
	return nil
}

func (m *segmentMaker) read(ctx context.Context, s *Store, id BodyID) error {
	env, root, err := s.parsed(ctx, id)
	if err != nil {
		return err
	}
	if m.body, err = s.Body(ctx, id); err != nil {
		return err
	}
	defer m.body.Release()
	m.octets, m.err = 0, nil
	m.begin(len(m.bodies))
	m.mainHeader()
	m.envelope(env)
	m.end()
	m.begin(len(m.bodies) + segmentBodies)
	fold.Body(root, m)
	m.end()
	return m.err
}

// parsed is what is kept of a body beside its octets.
func (s *Store) parsed(ctx context.Context, id BodyID) (env *message.Envelope, root *message.Part, err error) {
	var e, p []byte
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err := one(c, `SELECT env, structure FROM body WHERE id = ?`, func(st *sqlite.Stmt) {
			e, p = columnBytes(st, 0, nil), columnBytes(st, 1, nil)
		}, int64(id))
		if err == nil && !found {
			err = ErrNoMessage
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if env, err = message.DecodeEnvelope(e); err != nil {
		return nil, nil, err
	}
	root, err = message.DecodePart(p)
	return env, root, err
}

func (m *segmentMaker) begin(doc int) { m.start, m.doc = len(m.postings), posting(doc) }

func (m *segmentMaker) end() {
	m.postings = m.postings[:m.start+len(uniqueSorted(m.postings[m.start:]))]
}

// envelope takes what searches compare with instead of the header's own octets.
func (m *segmentMaker) envelope(e *message.Envelope) {
	for _, list := range [...][]message.Contact{e.From, e.To, e.Cc, e.Bcc} {
		for i := range list {
			m.Text(fold.Contact(&list[i]))
		}
	}
	for _, text := range [...]string{e.Subject, e.Date, e.InReplyTo, e.MessageID} {
		m.Text(message.DecodeHeader(text))
	}
}

// usualHeader is what nearly all headers fit in.
const usualHeader = 16 << 10 // octets

// mainHeader takes the message's header, wherever its end is.
func (m *segmentMaker) mainHeader() {
	size := m.body.Size()
	if m.readHeader(0, min(size, usualHeader)); !hasHeaderEnd(m.header) {
		m.readHeader(0, size)
	}
	m.fields()
}

func hasHeaderEnd(b []byte) bool {
	return bytes.Contains(b, []byte("\n\n")) || bytes.Contains(b, []byte("\n\r\n"))
}

// InnerHeader implements fold.Texts.
func (m *segmentMaker) InnerHeader(p *message.Part) {
	if p.Header < 0 || p.Header > p.Body || p.Body > m.body.Size() {
		return // the search does not look there either
	}
	m.readHeader(p.Header, p.Body)
	m.fields()
}

// readHeader reads a header, as much of it as the search looks at.
func (m *segmentMaker) readHeader(from, to int64) {
	m.header = grow(m.header[:0], int(min(to-from, message.MaxHeader)))
	if _, err := io.ReadFull(io.NewSectionReader(m.body, from, int64(len(m.header))), m.header); err != nil && m.err == nil {
		m.err = fmt.Errorf("read header: %w", err)
	}
}

func (m *segmentMaker) fields() {
	message.EachField(m.header, func(_, raw []byte) bool {
		m.short = fold.AppendField(m.short[:0], raw)
		m.folded(m.short)
		m.Text(fold.FieldValue(raw)) // as HEADER compares it
		return m.err == nil
	})
}

// Text implements fold.Texts.
func (m *segmentMaker) Text(text string) {
	m.short = fold.Append(m.short[:0], []byte(text))
	m.folded(m.short)
}

// Content implements fold.Texts.
func (m *segmentMaker) Content(p *message.Part) {
	if m.err != nil {
		return
	}
	m.err = fold.Pieces(p.Text(m.body), m.buf, 2, func(folded []byte) (bool, error) {
		m.folded(folded)
		return true, m.err
	})
}

// Full implements fold.Texts.
func (m *segmentMaker) Full() bool { return m.err != nil }

// folded takes the trigrams of a folded text.
func (m *segmentMaker) folded(text []byte) {
	if m.octets += len(text); m.octets > maxIndexed && m.err == nil {
		m.err = errTooLong
	}
	if m.err != nil || len(text) < 3 {
		return
	}
	t := uint32(text[0])<<8 | uint32(text[1])
	for _, c := range text[2:] {
		t = (t<<8 | uint32(c)) & (1<<trigramBits - 1)
		p := posting(t)<<8 | m.doc
		seen := &m.recent[t*2654435761>>20]
		if *seen == p {
			continue
		}
		*seen = p
		if len(m.postings) == cap(m.postings) && !m.makeRoom() {
			return
		}
		m.postings = append(m.postings, p)
	}
}

// makeRoom drops repetitions.
func (m *segmentMaker) makeRoom() bool {
	m.end()
	if len(m.postings)-m.start > maxOfDocument || len(m.postings) == cap(m.postings) {
		m.err = errTooLong
	}
	return m.err == nil
}
