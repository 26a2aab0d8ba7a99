package smtpconn

import (
	"bytes"
	"io"
)

// Message gives a quicker reader for what the library's r would read of DATA:
// past the library, which looks at each octet by itself, without the stuffed
// dots, up to the end mark, which is left to the library. r must not have been
// read. The body of BDAT comes through a pipe from the library's own goroutine,
// and r stays what it is.
func (c *Conn) Message(r io.Reader) io.Reader {
	if _, bdat := r.(*io.PipeReader); bdat {
		return r
	}
	return &messageReader{c: c}
}

// messageReader undoes the transparency of RFC 5321 §4.5.2.
type messageReader struct {
	c     *Conn
	state dataEnd
	done  bool
	small [2]byte
	kept  []byte // of small: what did not fit where one octet was asked for
}

// Read implements io.Reader.
func (m *messageReader) Read(b []byte) (int, error) {
	if len(b) > 1 && len(m.kept) == 0 {
		return m.read(b)
	}
	if len(m.kept) == 0 {
		n, err := m.read(m.small[:])
		if err != nil {
			return 0, err
		}
		m.kept = m.small[:n]
	}
	n := copy(b, m.kept)
	m.kept = m.kept[n:]
	return n, nil
}

// read needs room for two octets.
func (m *messageReader) read(b []byte) (int, error) {
	for !m.done {
		// A CR kept back from the last read takes the first place.
		n, err := m.c.bodyOctets(b[1:])
		if err != nil {
			return 0, err
		}
		w, r := m.unstuff(b, 1, 1+n)
		if m.done {
			m.c.endMessage(b[r : 1+n])
		}
		if w > 0 {
			return w, nil
		}
	}
	return 0, io.EOF
}

// unstuff moves what belongs to the message from b[r:end] to the start of b,
// and tells how much that is and where it stopped reading.
func (m *messageReader) unstuff(b []byte, r, end int) (w, read int) {
	for r < end {
		if m.state == lineText {
			n := bytes.IndexByte(b[r:end], '\r')
			if n < 0 {
				n = end - r
			}
			w += copy(b[w:], b[r:r+n])
			if r += n; r == end {
				break
			}
		}
		was := m.state
		c := b[r]
		r++
		if m.state, m.done = was.next(c); m.done {
			return w, r
		}
		switch {
		case m.state == lineDot, m.state == lineDotCR:
			continue // a stuffed dot, or the start of the end mark
		case was == lineDotCR: // a CR by itself, for others to refuse
			w += copy(b[w:], "\r")
		}
		b[w] = c
		w++
	}
	return w, r
}

// bodyOctets gives octets of the body as they came.
func (c *Conn) bodyOctets(b []byte) (int, error) {
	if n := c.buffered(b); n > 0 {
		return n, nil
	}
	return c.receive(b)
}

// endMessage leaves to the library an end mark, and then what was sent ahead.
func (c *Conn) endMessage(ahead []byte) {
	c.giveBack(ahead)
	c.giveBack([]byte(".\r\n"))
	c.mark = lineStart
}
