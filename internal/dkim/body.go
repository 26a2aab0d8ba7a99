package dkim

import "bufio"

// body writes what it is given in the "relaxed" form of RFC 6376 §3.4.4: white
// space at the end of lines goes, other runs of it become one space, empty lines
// at the end go. Only CRLF ends a line; CR and LF alone are octets like others,
// as they can be in BINARYMIME.
type body struct {
	w        *bufio.Writer // of a hash, which never fails
	newlines int           // line ends not yet written: there may be nothing but empty lines after them
	space    bool          // white space not yet written
	cr       bool          // the last octet was CR, and LF may follow
	written  bool          // there is more than empty lines
}

// Write takes the next octets. It never fails.
func (b *body) Write(p []byte) (int, error) {
	size := len(p)
	for len(p) > 0 {
		n := plain(p)
		if n > 0 {
			b.pending()
			b.w.Write(p[:n])
			p = p[n:]
			continue
		}
		b.special(p[0])
		p = p[1:]
	}
	return size, nil
}

// plain is how many octets at the start mean nothing but themselves.
func plain(p []byte) int {
	for i, c := range p {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return i
		}
	}
	return len(p)
}

func (b *body) special(c byte) {
	switch {
	case c == '\n' && b.cr:
		b.newlines++
		b.cr, b.space = false, false
	case c == '\n':
		b.pending()
		b.w.WriteByte(c)
	case c == '\r':
		if b.cr {
			b.pending()
		}
		b.cr = true
	default:
		if b.cr {
			b.pending()
		}
		b.space = true
	}
}

// pending writes what was held back, because an octet of a line follows.
func (b *body) pending() {
	for ; b.newlines > 0; b.newlines-- {
		b.w.WriteString("\r\n")
	}
	if b.space {
		b.w.WriteByte(' ')
	}
	if b.cr {
		b.w.WriteByte('\r')
	}
	b.space, b.cr, b.written = false, false, true
}

// close ends the body. RFC 6376 §3.4.4: what is not empty ends with CRLF, and
// what is empty has no octet.
func (b *body) close() {
	if b.cr {
		b.pending()
	}
	if b.written {
		b.w.WriteString("\r\n")
	}
}
