package report

import (
	"bytes"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"buzon/internal/message"
)

// maxReturned is how much of the original goes back to its sender: enough for a letter, and nobody's mailbox is filled by
// reports.
const maxReturned = 64 << 10 // octets

// original is what a report says of the message and how it gives it back.
type original struct {
	subject   string // as it arrived
	messageID string
	returned  *io.SectionReader // nil when nothing is given back
	whole     bool              // returned is the message, not its header alone
	octets    octets            // what is in returned, before it was encoded
	encoded   bool              // returned is in quoted-printable
	utf8      bool              // the header is UTF-8 beyond ASCII
}

// readOriginal looks at the header, and at the rest when it is to be returned.
func (d *DSN) readOriginal() (*original, error) {
	o := &original{}
	if d.Original == nil || d.Original.Size() == 0 {
		return o, nil
	}
	size := d.OriginalSize
	if size == 0 {
		size = d.Original.Size()
	}
	header, err := o.readHeader(d.Original, size)
	if err != nil {
		return nil, err
	}
	if d.returnsWhole(size) {
		if err := o.give(d.Original, size); err != nil {
			return nil, err
		}
		// A message/rfc822 may not be encoded (RFC 2046 §5.2.1), so what lines cannot carry stays here.
		if o.whole = !o.octets.binary; o.whole {
			return o, nil
		}
	}
	if err := o.give(d.Original, header); err != nil || !o.octets.binary {
		return o, err
	}
	return o, o.encode()
}

// encode wraps a header that lines cannot carry. It is the one thing held in memory: such headers are rare, and short.
func (o *original) encode() error {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	w.Binary = true
	if _, err := io.Copy(w, o.returned); err != nil {
		return fmt.Errorf("read original: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("encode original: %w", err)
	}
	o.returned, o.encoded = section(b.Bytes()), true
	return nil
}

// returnsWhole: RFC 3461 §4.3 leaves the whole to failures alone.
func (d *DSN) returnsWhole(size int64) bool {
	return d.Kind == Failed && !d.HeadersOnly && size <= maxReturned
}

// readHeader tells where the last field ends that is returned.
func (o *original) readHeader(r io.ReaderAt, size int64) (end int64, err error) {
	valid := true
	_, err = message.Fields(r, size, func(name string, raw []byte, at message.Range) bool {
		if at.To > maxReturned {
			return false
		}
		end = at.To
		valid = valid && utf8.Valid(raw)
		o.utf8 = o.utf8 || bytes.IndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0
		switch strings.ToLower(name) {
		case "subject":
			o.subject = firstNonEmpty(o.subject, message.FieldValue(raw))
		case "message-id":
			if ids := message.MessageIDs(message.FieldValue(raw)); len(ids) > 0 {
				o.messageID = firstNonEmpty(o.messageID, ids[0])
			}
		}
		return true
	})
	o.utf8 = o.utf8 && valid
	return end, err
}

// give returns the first octets of the original.
func (o *original) give(r io.ReaderAt, size int64) error {
	o.returned = io.NewSectionReader(r, 0, size)
	o.octets = octets{}
	if _, err := io.Copy(&o.octets, io.NewSectionReader(r, 0, size)); err != nil {
		return fmt.Errorf("read original: %w", err)
	}
	if o.octets.n != size {
		return fmt.Errorf("read original: %w", io.ErrUnexpectedEOF)
	}
	o.octets.finish()
	return nil
}

// octets tells what kind of octets were written to it.
type octets struct {
	n        int64
	eightBit bool // some are beyond ASCII
	binary   bool // NUL, CR or LF alone, or a line over 998 (RFC 2045 §2.7, §2.8)
	line     int  // octets of the line so far
	afterCR  bool
}

// Write implements io.Writer.
func (o *octets) Write(p []byte) (int, error) {
	for _, c := range p {
		o.octet(c)
	}
	o.n += int64(len(p))
	return len(p), nil
}

func (o *octets) octet(c byte) {
	const longest = 998 // RFC 5322 §2.1.1
	pair := o.afterCR && c == '\n'
	if o.afterCR != (c == '\n') || c == 0 || o.line > longest {
		o.binary = true
	}
	o.eightBit = o.eightBit || c >= utf8.RuneSelf
	o.afterCR = c == '\r'
	switch {
	case pair:
		o.line = 0
	case !o.afterCR:
		o.line++
	}
}

// finish sees what only the end shows.
func (o *octets) finish() { o.binary = o.binary || o.afterCR || o.line > 998 }

// encoding is the Content-Transfer-Encoding of what is returned.
func (o *original) encoding() string {
	switch {
	case o.encoded:
		return "quoted-printable"
	case o.octets.eightBit:
		return "8bit"
	}
	return "7bit"
}

// appendPart appends the fields of the part with the original.
func (o *original) appendPart(b []byte, d *DSN) []byte {
	w := words(d.Language)
	kind, description := "text/rfc822-headers", "report_description_header" // RFC 6522 §4
	if o.whole {
		kind, description = "message/rfc822", "report_description_mail"
	}
	if o.global(d) { // RFC 6533 §6
		kind = map[bool]string{true: "message/global", false: "message/global-headers"}[o.whole]
	}
	b = message.AppendText(b, "Content-Description", w.Say(description))
	b = message.AppendWords(b, "Content-Type", kind)
	return message.AppendWords(b, "Content-Transfer-Encoding", o.encoding())
}

// global tells that the original is an internationalised message (RFC 6532) rather than one with stray octets in its
// header: senders of those read message/rfc822 only.
func (o *original) global(d *DSN) bool { return d.UTF8 && (o.utf8 || o.whole && o.octets.eightBit) }
