package imap

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"buzon/internal/message"
)

// writeSection writes a section of the message, or NIL when there is none such.
func (f *fetcher) writeSection(item *fetchItem) error {
	f.s.enc.Raw(item.label).Byte(' ')
	e, ok := extent{0, f.body.Size()}, true
	if !item.section.whole() {
		e, ok = item.section.locate(f.root(), f.body.Size())
	}
	switch {
	case !ok:
		f.s.enc.Raw("NIL")
		return nil
	case item.section.filtered():
		return f.writeFiltered(&item.section, e)
	}
	return f.writeExtent(item.section.cut(e))
}

// writeFiltered writes the fields of a header that the section names.
func (f *fetcher) writeFiltered(s *section, header extent) error {
	if err := f.readHeader(header); err != nil {
		return f.absent(err)
	}
	f.text = s.filter(f.text[:0], f.header)
	e := s.cut(extent{0, int64(len(f.text))})
	if e.len() == 0 {
		f.s.enc.Literal(0)
		return nil
	}
	_, err := (&literalWriter{enc: f.s.enc, left: e.len()}).Write(f.text[e.lo:e.hi])
	return err
}

// readHeader reads a header into f.header. Of a header that is longer than
// message.Parse looks at, only so much is examined for fields.
func (f *fetcher) readHeader(e extent) (err error) {
	f.header, err = readExtent(f.body, e, f.header)
	return err
}

// readExtent reads e, at most message.MaxHeader octets of it, into buf.
func readExtent(r io.ReaderAt, e extent, buf []byte) ([]byte, error) {
	n := int(min(e.len(), message.MaxHeader))
	if cap(buf) < n {
		buf = make([]byte, max(n, 4<<10))
	}
	buf = buf[:n]
	if got, err := r.ReadAt(buf, e.lo); got < n {
		return buf[:0], fmt.Errorf("read header: %w", unexpectedEnd(err))
	}
	return buf, nil
}

// unexpectedEnd is err, where the end of the message came too early.
func unexpectedEnd(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// absent writes NIL for a body that cannot be read: the response has begun and
// must stay valid. A message that was removed meanwhile is told in the tagged NO.
func (f *fetcher) absent(err error) error {
	f.s.enc.Raw("NIL")
	f.unreadable(err)
	return nil
}

// unreadable notes that the answer is not what was asked for.
func (f *fetcher) unreadable(err error) {
	f.torn = true
	if !errors.Is(err, ErrNoMessage) {
		f.s.log.Error("message cannot be read", "mailbox", f.s.name, "uid", f.m.UID, "err", err)
	}
}

// writeExtent writes octets of the message as a literal, chunk by chunk.
func (f *fetcher) writeExtent(e extent) error {
	if e.len() == 0 {
		f.s.enc.Raw(`""`)
		return nil
	}
	w := &literalWriter{enc: f.s.enc, left: e.len()}
	var err error
	if e.lo == 0 && e.hi == f.body.Size() {
		_, err = f.body.WriteTo(w)
	} else {
		err = f.copyExtent(w, e)
	}
	return f.endLiteral(w, err)
}

// endLiteral tells what became of a literal.
func (f *fetcher) endLiteral(w *literalWriter, err error) error {
	switch {
	case f.s.enc.Err() != nil:
		return f.s.enc.Err()
	case !w.begun:
		return f.absent(unexpectedEnd(err))
	case err != nil || w.left > 0:
		return f.tornLiteral(unexpectedEnd(err))
	}
	return nil
}

// tornLiteral ends the connection: a literal was announced and cannot be
// completed, and octets made up would end as a broken mail in the client's
// cache. Nothing can be said either: it would be read as part of the literal.
func (f *fetcher) tornLiteral(err error) error {
	f.s.log.Error("message cannot be read to its end", "mailbox", f.s.name, "uid", f.m.UID, "err", err)
	return &connError{fmt.Errorf("literal cut short: %w", err)}
}

func (f *fetcher) copyExtent(w io.Writer, e extent) error {
	for off := e.lo; off < e.hi; {
		buf := f.copy[:min(int64(len(f.copy)), e.hi-off)]
		n, err := f.body.ReadAt(buf, off)
		if n < len(buf) {
			return unexpectedEnd(err)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// literalWriter announces a literal at its first octet, so that a body that
// cannot be read at all can still be answered with NIL.
type literalWriter struct {
	enc   *encoder
	left  int64 // octets still to come
	eight bool  // it is a literal8 (RFC 3516 §7)
	begun bool
}

// errBodyTooLong is a body that gives more octets than its size.
var errBodyTooLong = errors.New("body is longer than its size")

// Write is io.Writer's.
func (w *literalWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, errBodyTooLong
	}
	if !w.begun {
		w.begun = true
		if w.eight {
			w.enc.Byte('~')
		}
		w.enc.Literal(w.left)
	}
	w.left -= int64(len(p))
	if !w.eight && bytes.IndexByte(p, 0) >= 0 {
		w.mask(p)
		return len(p), w.enc.Err()
	}
	return w.enc.Write(p)
}

// nulMask stands for NUL, which no literal may hold (RFC 3501 §9, CHAR8), nor
// BODY[] a literal8. Clients in C cut a message at NUL, and others take the
// connection for broken; one octet for another keeps sizes, offsets and
// structures right, and they have long met this one from other servers.
// BINARY[] gives the octets as they are.
const nulMask = 0x80

// mask writes p with nulMask for NUL.
func (w *literalWriter) mask(p []byte) {
	for {
		at := bytes.IndexByte(p, 0)
		if at < 0 {
			break
		}
		w.enc.Bytes(p[:at]).Byte(nulMask)
		p = p[at+1:]
	}
	w.enc.Bytes(p)
}
