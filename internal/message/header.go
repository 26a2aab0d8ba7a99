package message

import (
	"bytes"
	"fmt"
	"io"
)

// Header calls f for each field of the header that r starts with, in order,
// until f returns false. raw is the whole field with its name and folds, without
// the final line end; it is valid during the call only. Lines that belong to no
// field are skipped. At most MaxHeader octets are examined, what was seen of a
// field by then is given. r may have been read beyond the header. Only errors of
// r are returned.
func Header(r io.Reader, f func(name string, raw []byte) bool) error {
	in := newLines(r, lineBuffer/4)
	var cur field
	for in.pos < MaxHeader {
		line, first, err := in.next()
		if err != nil && err != io.EOF {
			return fmt.Errorf("read header: %w", err)
		}
		if err == io.EOF || first && isBlank(line) {
			break
		}
		if first && !isSpace(line[0]) {
			if !cur.give(f) {
				return nil
			}
			cur.begin(line)
		}
		cur.add(line)
	}
	cur.give(f)
	return nil
}

// field gathers the lines of one header field.
type field struct {
	raw   []byte
	colon int // length of the name; nothing is gathered when it is 0
}

func (c *field) begin(line []byte) {
	c.raw = c.raw[:0]
	c.colon = len(fieldName(line))
}

func (c *field) add(line []byte) {
	if c.colon > 0 {
		c.raw = append(c.raw, line...)
	}
}

func (c *field) give(f func(name string, raw []byte) bool) bool {
	if c.colon == 0 {
		return true
	}
	raw := c.raw[:len(c.raw)-lineEnd(c.raw)]
	return f(string(raw[:c.colon]), raw)
}

// fieldName is the name of the field that starts with line, nil when none does.
// RFC 5322 §3.6.8: printable ASCII; §4.5 lets white space follow it.
func fieldName(line []byte) []byte {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return nil
	}
	name := bytes.TrimRight(line[:colon], " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil
		}
	}
	return name
}
