package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// Fields says which columns a listing needs beyond UID, Flags and ModSeq.
type Fields uint8

// What a listing may need. An envelope or a structure brings the meta columns along.
const (
	WithMeta      Fields = 1 << iota // Received, Saved, Size, Thread, Body
	WithEnvelope                     // the cached binary envelope
	WithStructure                    // the cached binary part tree
)

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
}

// Page appends to buf at most limit messages of box with UID in uids,
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

// pageQuery is the query for what f asks: envelopes and structures are long, so
// that only what is wanted is read.
func pageQuery(f Fields) string {
	const (
		base   = `SELECT m.uid, m.flags, m.modseq`
		meta   = base + `, m.idate, m.savedate, m.size, m.body, m.thread`
		from   = ` FROM msg m`
		joined = from + ` JOIN body b ON b.id = m.body`
		where  = ` WHERE m.mailbox = ?+0 AND m.uid >= ? ORDER BY m.uid`
	)
	switch f & (WithEnvelope | WithStructure) {
	case WithEnvelope:
		return meta + `, b.env` + joined + where
	case WithStructure:
		return meta + `, b.structure` + joined + where
	case WithEnvelope | WithStructure:
		return meta + `, b.env, b.structure` + joined + where
	}
	if f&WithMeta != 0 {
		return meta + from + where
	}
	return base + from + where
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
		col := 8
		if p.fields&WithEnvelope != 0 {
			m.Envelope = p.blob(st, col)
			col++
		}
		if p.fields&WithStructure != 0 {
			m.Structure = p.blob(st, col)
		}
	}
	return len(p.list) < p.end
}

func (m *Message) readMeta(st *sqlite.Stmt) {
	m.Received = time.Unix(st.ColumnInt64(3), 0)
	m.Saved = time.Unix(st.ColumnInt64(4), 0)
	m.Size = st.ColumnInt64(5)
	m.Body = BodyID(st.ColumnInt64(6))
	m.Thread = ThreadID(st.ColumnInt64(7))
}

// blob copies a column into the arena. Its place is right only until the arena grows; settle mends that.
func (p *page) blob(st *sqlite.Stmt, col int) []byte {
	start := len(p.arena)
	p.arena = columnBytes(st, col, p.arena)
	return p.arena[start:]
}

// settle points every envelope and structure to its place in the arena as it
// ended up. The first slice keeps the arena's capacity, for spareArena.
func (p *page) settle() {
	rest := p.arena
	for i := p.have; i < len(p.list); i++ {
		m := &p.list[i]
		m.Envelope, rest = carve(m.Envelope, rest, i == p.have)
		m.Structure, rest = carve(m.Structure, rest, i == p.have && cap(m.Envelope) == 0)
	}
}

// carve gives the next len(b) octets of rest; nil stays nil.
func carve(b, rest []byte, keepCapacity bool) (own, left []byte) {
	switch n := len(b); {
	case b == nil:
		return nil, rest
	case keepCapacity:
		return rest[:n], rest[n:]
	default:
		return rest[:n:n], rest[n:]
	}
}

// spareArena is the arena of the page that stood in buf's free room before, if any.
func spareArena(buf []Message) []byte {
	if cap(buf) == len(buf) {
		return nil
	}
	old := buf[:len(buf)+1][len(buf)]
	if old.Envelope != nil {
		return old.Envelope[:0]
	}
	return old.Structure[:0]
}
