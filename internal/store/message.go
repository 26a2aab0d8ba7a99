package store

import (
	"context"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// Fields says which columns a listing needs beyond UID, Flags and ModSeq.
type Fields uint8

// What a listing may need. What comes from the body brings the meta columns along.
const (
	WithMeta       Fields = 1 << iota // Received, Saved, Size, Thread, Body
	WithEnvelope                      // the cached binary envelope
	WithStructure                     // the cached binary part tree
	WithPreview                       // the first words
	WithReferences                    // message ids for threading
)

// ofBody are the fields that stand in the body's row.
const ofBody = WithEnvelope | WithStructure | WithPreview | WithReferences

// Message is one row of a mailbox.
type Message struct {
	UID       uint32
	Flags     Flags
	ModSeq    int64
	Received  time.Time // INTERNALDATE
	Saved     time.Time // SAVEDATE (RFC 8514)
	Size      int64     // octets, prefix included (RFC822.SIZE)
	Body      BodyID
	Thread    ThreadID
	Envelope  []byte // message.DecodeEnvelope; includes nothing of the prefix
	Structure []byte // message.DecodePart; offsets count from the start of the whole message as Body gives it (prefix included)

	Preview    []byte // message.Preview; nil when it was not made at delivery
	References []byte // message.Structure.AppendThreadIDs; nil when they were not kept at delivery
}

// Page appends to buf at most limit messages, fewer when they are large but one at least, of box with UID in uids,
// ascending, beginning at from; call again with the last UID+1. No transaction
// stays open between calls, so a slow client holds nothing. Envelope and
// Structure are valid until buf is reused: they stand one after the other in
// one piece of memory, which the next page into buf uses again.
func (s *Store) Page(ctx context.Context, box MailboxID, uids uidset.Set, from uint32, limit int, f Fields, buf []Message) ([]Message, error) {
	if limit <= 0 {
		return buf, nil
	}
	p := page{fields: f, have: len(buf), end: len(buf) + limit, list: buf, arena: spareArena(buf)}
	err := s.read(ctx, func(c *sqlite.Conn) error {
		return scan(c, pageQuery(f), box, uids, from, p.add)
	})
	p.settle()
	return p.list, wrap("page", err)
}

// pageQuery is the query for what f asks: what stands in the body's row is
// long, so that only what is wanted is read.
func pageQuery(f Fields) string { return pageQueries()[f&(WithMeta|ofBody)] }

var pageQueries = sync.OnceValue(func() *[1 << 5]string {
	all := new([1 << 5]string)
	for f := range all {
		all[f] = makePageQuery(Fields(f))
	}
	return all
})

func makePageQuery(f Fields) string {
	query, from := `SELECT m.uid, m.flags, m.modseq`, ` FROM msg m`
	if f != 0 {
		query += `, m.idate, m.savedate, m.size, m.body, m.thread`
	}
	for i, column := range [...]string{`, b.env`, `, b.structure`, `, b.preview`, `, b.refs`} {
		if f&(WithEnvelope<<i) != 0 {
			query += column
			from = ` FROM msg m JOIN body b ON b.id = m.body`
		}
	}
	return query + from + ` WHERE m.mailbox = ?+0 AND m.uid >= ? ORDER BY m.uid`
}

// page collects one page.
type page struct {
	fields    Fields
	have, end int
	list      []Message
	arena     []byte // of envelopes and structures
}

func (p *page) add(uid uint32, st *sqlite.Stmt) bool {
	p.list = append(p.list, Message{UID: uid, Flags: Flags(st.ColumnInt64(1)), ModSeq: st.ColumnInt64(2)})
	if p.fields != 0 {
		m := &p.list[len(p.list)-1]
		m.readMeta(st)
		if p.fields&ofBody != 0 {
			p.readBody(m, st)
		}
	}
	return len(p.list) < p.end && len(p.arena) < maxArena
}

// maxArena is where a page ends early: envelopes with thousands of recipients
// must not make it large.
const maxArena = 1 << 20 // octets

// readBody reads the columns of the body's row.
func (p *page) readBody(m *Message, st *sqlite.Stmt) {
	col := 8
	for i, to := range m.blobs() {
		if p.fields&(WithEnvelope<<i) != 0 {
			*to = p.blob(st, col)
			col++
		}
	}
}

// blobs are what stands in the arena, in the order of their Fields.
func (m *Message) blobs() [4]*[]byte {
	return [...]*[]byte{&m.Envelope, &m.Structure, &m.Preview, &m.References}
}

func (m *Message) readMeta(st *sqlite.Stmt) {
	m.Received = time.Unix(st.ColumnInt64(3), 0)
	m.Saved = time.Unix(st.ColumnInt64(4), 0)
	m.Size = st.ColumnInt64(5)
	m.Body = BodyID(st.ColumnInt64(6))
	m.Thread = ThreadID(st.ColumnInt64(7))
}

// blob copies a column into the arena; NULL is nil. Its place is right only until the arena grows; settle mends that.
func (p *page) blob(st *sqlite.Stmt, col int) []byte {
	if st.ColumnType(col) == sqlite.TypeNull {
		return nil
	}
	if p.arena == nil {
		p.arena = make([]byte, 0, 512) // an empty blob is not nil
	}
	start := len(p.arena)
	p.arena = columnBytes(st, col, p.arena)
	return p.arena[start:]
}

// settle points every blob to its place in the arena as it ended up. The first
// slice keeps the arena's capacity, for spareArena.
func (p *page) settle() {
	if p.fields&ofBody == 0 {
		return
	}
	rest, first := p.arena, true
	for i := p.have; i < len(p.list); i++ {
		for _, b := range p.list[i].blobs() {
			if *b == nil {
				continue
			}
			*b, rest = carve(*b, rest, first)
			first = false
		}
	}
}

// carve gives the next len(b) octets of rest.
func carve(b, rest []byte, keepCapacity bool) (own, left []byte) {
	n := len(b)
	if keepCapacity {
		return rest[:n], rest[n:]
	}
	return rest[:n:n], rest[n:]
}

// spareArena is the arena of the page that stood in buf's free room before, if any.
func spareArena(buf []Message) []byte {
	if cap(buf) == len(buf) {
		return nil
	}
	old := &buf[:len(buf)+1][len(buf)]
	for _, b := range old.blobs() {
		if *b != nil {
			return (*b)[:0]
		}
	}
	return nil
}
