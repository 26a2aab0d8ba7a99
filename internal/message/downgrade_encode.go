package message

import (
	"bufio"
	"encoding/base64"
	"io"
)

// maxEncodedLine is RFC 2045 §6.7 (5) and §6.8, without the CRLF.
const maxEncodedLine = 76 // octets

// encode writes the content r in a transfer encoding. last tells that the message ends with it: it must end with a line
// then, which may not be part of the content.
func encode(w *bufio.Writer, r io.Reader, encoding string, last bool) error {
	if encoding == "quoted-printable" {
		return encodeQuoted(w, r, last)
	}
	lines := &foldedLines{w: w}
	enc := base64.NewEncoder(base64.StdEncoding, lines)
	if _, err := io.Copy(enc, r); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err := w.WriteString("\r\n") // decoders pass over it (RFC 2045 §6.8)
	return err
}

// foldedLines ends lines where base64 has to.
type foldedLines struct {
	w   *bufio.Writer
	col int
}

// Write is io.Writer's.
func (l *foldedLines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if l.col == maxEncodedLine {
			l.w.WriteString("\r\n")
			l.col = 0
		}
		piece := p[:min(len(p), maxEncodedLine-l.col)]
		if _, err := l.w.Write(piece); err != nil {
			return 0, err
		}
		l.col += len(piece)
		p = p[len(piece):]
	}
	return n, nil
}

// quoter writes quoted-printable (RFC 2045 §6.7). Errors of w stay in it.
type quoter struct {
	w     *bufio.Writer
	col   int
	cr    bool // a CR waits: for LF, or to be written as an octet
	space byte // white space that waits: it may not end a line (rule 3); 0 is none
}

func encodeQuoted(w *bufio.Writer, r io.Reader, last bool) error {
	q := &quoter{w: w}
	in := bufio.NewReaderSize(r, decodeBuffer)
	for {
		c, err := in.ReadByte()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		q.octet(c)
	}
	q.flush()
	if q.col > 0 && last {
		w.WriteString("=\r\n") // rule 5: a line end that is none of the content's
	}
	return nil
}

func (q *quoter) octet(c byte) {
	if q.cr && c == '\n' {
		q.cr = false
		q.endSpace()
		q.w.WriteString("\r\n")
		q.col = 0
		return
	}
	if c == '\r' {
		q.flushCR()
		q.cr = true
		return
	}
	q.flushCR()
	if q.space != 0 {
		q.literal(q.space)
		q.space = 0
	}
	switch {
	case isSpace(c):
		q.space = c
	case c > ' ' && c < 0x7f && c != '=' && (c != '-' || q.col > 0):
		q.literal(c)
	default: // a "-" at the start of a line too: no line may look like a delimiter that was none
		q.escape(c)
	}
}

// flush writes what waits at the end.
func (q *quoter) flush() {
	q.flushCR()
	q.endSpace()
}

// flushCR writes a CR that has no LF.
func (q *quoter) flushCR() {
	if q.cr {
		q.cr = false
		q.endSpace()
		q.escape('\r')
	}
}

// endSpace writes white space that would end the line.
func (q *quoter) endSpace() {
	if q.space != 0 {
		q.escape(q.space)
		q.space = 0
	}
}

func (q *quoter) literal(c byte) {
	if q.room(1) && c == '-' { // it begins a line now
		q.escape(c)
		return
	}
	q.w.WriteByte(c)
	q.col++
}

func (q *quoter) escape(c byte) {
	const digits = "0123456789ABCDEF"
	q.room(3)
	q.w.WriteByte('=')
	q.w.WriteByte(digits[c>>4])
	q.w.WriteByte(digits[c&15])
	q.col += 3
}

// room starts a line where n octets and a soft break no longer fit, and tells so.
func (q *quoter) room(n int) bool {
	if q.col+n < maxEncodedLine {
		return false
	}
	q.w.WriteString("=\r\n")
	q.col = 0
	return true
}
