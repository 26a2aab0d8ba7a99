package smtpconn

import "bytes"

// dataEnd is how much of DATA's end mark CRLF.CRLF has been seen. The library's
// reader misses it behind CR CR LF, where the peer would wait for its reply
// until the deadline; Message does not, and leaves the library the mark alone.
type dataEnd int

const (
	lineStart dataEnd = iota
	lineDot
	lineDotCR
	lineCR
	lineText
)

// next is the state after octet b; done tells that b ends the message.
func (s dataEnd) next(b byte) (_ dataEnd, done bool) {
	switch {
	case s == lineDotCR && b == '\n':
		return lineStart, true
	case s == lineCR && b == '\n':
		return lineStart, false
	case s == lineStart && b == '.':
		return lineDot, false
	case s == lineDot && b == '\r':
		return lineDotCR, false
	case s != lineDot && b == '\r': // also behind another: CR CR LF ends a line (RFC 5321 §4.1.1.4), the first CR is text
		return lineCR, false
	}
	return lineText, false
}

// readData hands over octets of DATA up to its end mark and not one more. A
// peer in the middle of a message holds no buffer here.
func (c *Conn) readData(b []byte) (n int, err error) {
	if n, err = c.bodyOctets(b); err != nil {
		return 0, err
	}
	mine, done := c.scan(b[:n])
	if mine < n { // commands sent ahead
		c.giveBack(b[mine:n])
	}
	if done {
		c.verb = "." // the reply that follows is the message's
		c.setMode(commands)
	}
	return mine, nil
}

// scan follows the end mark through have and says how many octets belong to the message.
func (c *Conn) scan(have []byte) (n int, done bool) {
	for n < len(have) {
		if c.mark == lineText { // only a CR can lead anywhere
			i := bytes.IndexByte(have[n:], '\r')
			if i < 0 {
				return len(have), false
			}
			n += i
		}
		c.mark, done = c.mark.next(have[n])
		n++
		if done {
			return n, true
		}
	}
	return n, false
}

// readChunk hands over octets of a BDAT chunk (RFC 3030 §2).
func (c *Conn) readChunk(b []byte) (n int, err error) {
	if n, err = c.bodyOctets(b[:min(int64(len(b)), c.left)]); err != nil {
		return 0, err
	}
	if c.left -= int64(n); c.left == 0 {
		c.setMode(commands)
	}
	return n, nil
}

// buffered takes what was read ahead as commands, and lets the empty buffer go.
func (c *Conn) buffered(b []byte) int {
	n := copy(b, c.in[c.start:c.end])
	if c.start += n; c.start == c.end {
		c.in, c.start, c.end = nil, 0, 0
	}
	return n
}

// giveBack puts octets before what is buffered.
func (c *Conn) giveBack(b []byte) {
	if len(b) == 0 {
		return
	}
	rest := c.in[c.start:c.end]
	if len(b)+len(rest) > len(c.in) {
		c.in = make([]byte, max(bufferSize, len(b)+len(rest)))
	}
	copy(c.in[len(b):], rest)
	copy(c.in, b)
	c.start, c.end = 0, len(b)+len(rest)
}
