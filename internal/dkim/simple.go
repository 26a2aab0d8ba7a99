package dkim

import "bufio"

// simple writes a body in the "simple" form of RFC 6376 §3.4.3: empty lines at
// the end go, and nothing else. Only CRLF ends a line.
type simple struct {
	w        *bufio.Writer // of a hash, which never fails
	newlines int           // line ends not yet written
	cr       bool          // the last octet was CR, and LF may follow
}

// Write takes the next octets. It never fails.
func (s *simple) Write(p []byte) (int, error) {
	size := len(p)
	for len(p) > 0 {
		n := ordinary(p)
		if n > 0 {
			s.pending()
			s.w.Write(p[:n])
			p = p[n:]
			continue
		}
		s.special(p[0])
		p = p[1:]
	}
	return size, nil
}

// ordinary is how many octets at the start cannot be part of a line end.
func ordinary(p []byte) int {
	for i, c := range p {
		if c == '\r' || c == '\n' {
			return i
		}
	}
	return len(p)
}

func (s *simple) special(c byte) {
	switch {
	case c == '\n' && s.cr:
		s.newlines++
		s.cr = false
	case c == '\n':
		s.pending()
		s.w.WriteByte(c)
	default:
		if s.cr {
			s.pending()
		}
		s.cr = true
	}
}

// pending writes what was held back, because an octet of a line follows.
func (s *simple) pending() {
	for ; s.newlines > 0; s.newlines-- {
		s.w.WriteString("\r\n")
	}
	if s.cr {
		s.w.WriteByte('\r')
	}
	s.cr = false
}

// close ends the body. RFC 6376 §3.4.3: it ends with CRLF, and an empty one is CRLF alone.
func (s *simple) close() {
	if s.cr {
		s.pending()
	}
	s.w.WriteString("\r\n")
}
