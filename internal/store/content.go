package store

import (
	"context"
	"fmt"
	"io"

	"buzon/internal/message"
)

// maxInline is how much of the messages of one write is held in memory and
// written with it; what is beyond that is staged chunk by chunk.
const maxInline = 256 << 10 // octets

// content is a message made ready outside the writer: parsed, and its chunks
// packed or staged.
type content struct {
	size   int64     // octets as they arrived
	packed int64     // octets of the chunks' rows
	chunks []*[]byte // the rows, unless staged
	staged BodyID    // the body under which the rows stand already, or 0

	structure *message.Structure
	envelope  []byte
	preview   string
	refs      []byte // message.Structure.AppendThreadIDs
	threadIDs []int64
}

// prepare does all that is costly about a message in the caller's goroutine.
// The chunks are held in memory where the message has at most room octets.
// After an error there is nothing to discard.
func (s *Store) prepare(ctx context.Context, body *io.SectionReader, room int64) (*content, error) {
	c := &content{size: body.Size()}
	var err error
	if c.structure, err = message.Parse(body, c.size); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	c.envelope = c.structure.Envelope.AppendBinary(nil)
	c.threadIDs = threadIDs(c.structure)
	c.refs = c.structure.AppendThreadIDs(nil)
	if c.preview, err = message.Preview(body, &c.structure.Root); err != nil {
		return nil, fmt.Errorf("make preview: %w", err)
	}
	if c.size <= room {
		err = s.packAll(c, body)
	} else {
		err = s.stage(ctx, c, body)
	}
	if err != nil {
		s.discard(ctx, c)
		return nil, err
	}
	return c, nil
}

// discard gives back what a content holds, and removes what it staged unless
// a message took it over.
func (s *Store) discard(ctx context.Context, c *content) {
	for _, p := range c.chunks {
		s.bodies.giveBack(p)
	}
	c.chunks = nil
	s.unstage(ctx, c)
}

func (s *Store) packAll(c *content, body *io.SectionReader) error {
	for n := int64(0); n*chunkSize < c.size; n++ {
		row, err := s.packChunk(body, n)
		if err != nil {
			return err
		}
		c.chunks = append(c.chunks, row)
		c.packed += int64(len(*row))
	}
	return nil
}

// packChunk reads the n-th chunk of body and gives its row in a lent buffer.
func (s *Store) packChunk(body *io.SectionReader, n int64) (*[]byte, error) {
	size := int(min(chunkSize, body.Size()-n*chunkSize))
	raw := s.bodies.buffer(size)
	*raw = (*raw)[:size]
	if got, err := body.ReadAt(*raw, n*chunkSize); got < size {
		s.bodies.giveBack(raw)
		return nil, fmt.Errorf("read the message: %w", err)
	}
	packed := s.bodies.buffer(size)
	row, err := s.bodies.pack(*raw, *packed)
	if err != nil || len(row) == size {
		s.bodies.giveBack(packed)
		return raw, err
	}
	*packed = row
	s.bodies.giveBack(raw)
	return packed, nil
}

// variant is a content under one prefix: one row of body.
type variant struct {
	prefix    []byte
	structure []byte // its part tree, offsets counted with the prefix
	refs      int64  // messages and jobs that will refer to it
	boxed     bool   // messages are among them: it is listed and searched
	body      BodyID // once written
}

// variant makes the content's variant for a prefix.
func (c *content) variant(prefix []byte) *variant {
	n := int64(len(prefix))
	root := &c.structure.Root
	shift(root, n, true)
	defer shift(root, -n, true)
	return &variant{prefix: prefix, structure: root.AppendBinary(nil)}
}

// shift moves a part by n octets. The prefix becomes part of the root's
// header, which therefore starts where it did.
func shift(p *message.Part, n int64, root bool) {
	if !root {
		p.Header += n
	}
	p.Body += n
	p.End += n
	for i := range p.Parts {
		shift(&p.Parts[i], n, false)
	}
}

// write makes the rows of a content and its variants, the first of which has
// the chunks, and counts the references to them.
func (c *content) write(tx *tx, variants []*variant) error {
	for i, v := range variants {
		source, refs := BodyID(0), v.refs
		if i > 0 {
			source = variants[0].body
		} else {
			refs += int64(len(variants) - 1)
		}
		if err := c.writeBody(tx, v, source); err != nil {
			return err
		}
		if source == 0 && refs == 1 {
			continue // as nearly all are: see share.go
		}
		if err := run(tx.Conn, `INSERT INTO share(body, refs) VALUES(?, ?)`, int64(v.body), refs); err != nil {
			return err
		}
	}
	return nil
}

func (c *content) writeBody(tx *tx, v *variant, source BodyID) error {
	if source == 0 && c.staged != 0 {
		return c.takeStaged(tx, v)
	}
	st, err := tx.Prepare(`INSERT INTO body(source, size, csize, codec, prefix, env, structure, preview, refs) VALUES(?, ?, ?, 1, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	st.BindInt64(1, int64(source))
	st.BindInt64(2, c.size)
	st.BindInt64(3, c.packed)
	st.BindBytes(4, v.prefix)
	st.BindBytes(5, c.envelopeOf(v))
	st.BindBytes(6, v.structure)
	st.BindText(7, c.preview)
	st.BindBytes(8, c.refs)
	if _, err := st.Step(); err != nil {
		return err
	}
	v.body = BodyID(tx.LastInsertRowID())
	if source != 0 {
		return nil
	}
	for n, row := range c.chunks {
		if err := insertChunk(tx, v.body, int64(n), *row); err != nil {
			return err
		}
	}
	return nil
}

// envelopeOf is the envelope that is kept with a variant. One that only waits
// to be sent has none, by which the search index knows it.
func (c *content) envelopeOf(v *variant) []byte {
	if v.boxed {
		return c.envelope
	}
	return nil
}

func insertChunk(tx *tx, body BodyID, n int64, row []byte) error {
	st, err := tx.Prepare(`INSERT INTO chunk(id, data) VALUES(?, ?)`)
	if err != nil {
		return err
	}
	st.BindInt64(1, chunkID(body, n))
	st.BindBytes(2, row)
	if _, err := st.Step(); err != nil {
		return err
	}
	return st.ClearBindings() // it would hold a copy of the chunk until the next one
}
