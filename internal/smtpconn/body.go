package smtpconn

import "bytes"

// dataEnd is how much of DATA's end mark CRLF.CRLF has been seen. It takes the
// same steps as the library's reader, so that both agree on the last octet.
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
	case (s == lineStart || s == lineText) && b == '\r':
		return lineCR, false
	}
	return lineText, false
}

// readData hands over octets of DATA up to its end mark and not one more.
func (c *Conn) readData(b []byte) (int, error) {
	if c.start == c.end {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	have := c.in[c.start:min(c.end, c.start+len(b))]
	n, done := c.scan(have)
	copy(b, have[:n])
	c.start += n
	if done {
		c.verb = "." // the reply that follows is the message's
		c.setMode(commands)
	}
	return n, nil
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
func (c *Conn) readChunk(b []byte) (int, error) {
	if c.start == c.end {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(b[:min(int64(len(b)), c.left)], c.in[c.start:c.end])
	c.start += n
	if c.left -= int64(n); c.left == 0 {
		c.setMode(commands)
	}
	return n, nil
}
