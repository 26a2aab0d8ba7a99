package smtpclient

import "bytes"

// canon writes a body as SMTP wants it: every line ends with CRLF, and CR or LF alone, which the next server could take
// for the end of a message, do not pass (RFC 5321 §2.3.8); with dots, a leading dot is doubled (§4.5.2).
type canon struct {
	dots  bool
	raw   bool // BINARYMIME: octets are octets (RFC 3030 §3)
	start bool // at the start of a line; true before the first octet
	cr    bool // a CR waits for what follows it
}

// maxGrowth is what readSize octets can become: LF and dots double, and CRLF . CRLF follows.
const maxGrowth = 2*readSize + 8 // octets

func (c *canon) append(dst, src []byte) []byte {
	if c.raw {
		return append(dst, src...)
	}
	for len(src) > 0 {
		if c.cr {
			c.cr = false
			dst = c.lineEnd(dst)
			if src[0] == '\n' {
				src = src[1:]
			}
			continue
		}
		line, rest, lf := bytes.Cut(src, []byte{'\n'})
		if at := bytes.IndexByte(line, '\r'); at >= 0 {
			dst = c.text(dst, line[:at])
			c.cr = true
			src = src[at+1:]
			continue
		}
		dst = c.text(dst, line)
		if lf {
			dst = c.lineEnd(dst)
		}
		src = rest
	}
	return dst
}

func (c *canon) text(dst, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	if c.start && c.dots && text[0] == '.' {
		dst = append(dst, '.')
	}
	c.start = false
	return append(dst, text...)
}

func (c *canon) lineEnd(dst []byte) []byte {
	c.start = true
	return append(dst, '\r', '\n')
}

// end closes the last line, and with dots the message.
func (c *canon) end(dst []byte) []byte {
	if c.cr || c.dots && !c.start {
		c.cr = false
		dst = c.lineEnd(dst)
	}
	if c.dots {
		dst = append(dst, ".\r\n"...)
	}
	return dst
}
