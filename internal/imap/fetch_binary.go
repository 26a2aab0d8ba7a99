package imap

import (
	"bytes"
	"io"

	"buzon/internal/message"
)

// BINARY (RFC 3516): a part with its transfer encoding removed, which saves a
// phone a quarter of what an attachment weighs. What is decoded is never held:
// one pass finds its size and whether NUL is in it, a second one writes it.

// errUnknownCTE answers a FETCH of what cannot be decoded (RFC 3516 §4.3); the
// other messages were told.
var errUnknownCTE = &refusal{"UNKNOWN-CTE", "Some of the parts have an encoding that is not known here."}

// decodable tells whether all parts that the request wants decoded can be.
func (f *fetcher) decodable() bool {
	for i := range f.req.items {
		it := &f.req.items[i]
		if !it.binary || it.section.whole() {
			continue
		}
		if p, ok := f.root().Find(it.section.path); ok && !isKnownEncoding(p) {
			return false
		}
	}
	return true
}

// isKnownEncoding tells whether DecodedBody decodes a part. What holds other
// parts is never encoded, whatever it says (RFC 2045 §6.4).
func isKnownEncoding(p *message.Part) bool {
	switch p.Encoding {
	case "7bit", "8bit", "binary", "base64", "quoted-printable":
		return true
	}
	return len(p.Parts) > 0
}

// writeBinary writes BINARY[...]: a string, or a literal8 where NUL is in it.
func (f *fetcher) writeBinary(item *fetchItem) error {
	f.s.enc.Raw(item.label).Byte(' ')
	if !f.hasPart(item) {
		f.s.enc.Raw("NIL")
		return nil
	}
	size, nul, err := f.measure(item)
	switch {
	case err != nil:
		return f.absent(err)
	case size == 0:
		f.s.enc.Raw(`""`)
		return nil
	}
	w := &literalWriter{enc: f.s.enc, left: size, eight: nul}
	return f.endLiteral(w, f.copyDecoded(w, item, size))
}

// writeBinarySize writes BINARY.SIZE[...].
func (f *fetcher) writeBinarySize(item *fetchItem) error {
	var size int64
	if f.hasPart(item) {
		var err error
		if size, _, err = f.measure(item); err != nil {
			f.unreadable(err)
		}
	}
	f.s.enc.Raw(item.label).Byte(' ').Number64(size)
	return nil
}

// hasPart tells whether the message has the item's part.
func (f *fetcher) hasPart(item *fetchItem) bool {
	if item.section.whole() {
		return true
	}
	_, ok := f.root().Find(item.section.path)
	return ok
}

// decoded reads the item's part without its encoding; the whole message has none (RFC 3516 §4.2).
func (f *fetcher) decoded(item *fetchItem) io.Reader {
	if item.section.whole() {
		return io.NewSectionReader(f.body, 0, f.body.Size())
	}
	p, ok := f.root().Find(item.section.path)
	if !ok {
		return bytes.NewReader(nil)
	}
	return p.DecodedBody(f.body)
}

// measure finds how much the answer will have, and whether NUL is in it.
func (f *fetcher) measure(item *fetchItem) (size int64, nul bool, err error) {
	r, err := f.decodedRange(item)
	for err == nil {
		var n int
		n, err = r.Read(f.copy[:])
		size += int64(n)
		nul = nul || bytes.IndexByte(f.copy[:n], 0) >= 0
	}
	if err == io.EOF {
		err = nil
	}
	return size, nul, err
}

// decodedRange is what <offset.count> leaves of the decoded part.
func (f *fetcher) decodedRange(item *fetchItem) (io.Reader, error) {
	r := f.decoded(item)
	if !item.section.partial {
		return r, nil
	}
	_, err := io.CopyBuffer(onlyWriter{io.Discard}, io.LimitReader(r, item.section.offset), f.copy[:])
	return io.LimitReader(r, item.section.count), err
}

// onlyWriter hides ReadFrom, so that CopyBuffer uses the buffer.
type onlyWriter struct{ io.Writer }

func (f *fetcher) copyDecoded(w io.Writer, item *fetchItem, size int64) error {
	r, err := f.decodedRange(item)
	if err != nil {
		return err
	}
	n, err := io.CopyBuffer(onlyWriter{w}, r, f.copy[:])
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	return err
}
