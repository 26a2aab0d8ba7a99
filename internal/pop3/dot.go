package pop3

import (
	"bufio"
	"bytes"
	"errors"
)

// errEnough ends a TOP.
var errEnough = errors.New("enough lines")

// dotWriter sends a message as the lines of a multi-line response (RFC 1939 §3), stuffing dots on the way. It copies
// nothing that it does not change.
//
// A bare LF goes out as CRLF. Some clients end lines at LF, some at CRLF only: sent as it is, one of them would see the end
// of the response where it is not.
type dotWriter struct {
	w     *bufio.Writer
	first func() // writes the status line, once there is something to send
	last  byte   // octet written last
	begun bool
}

// Write implements io.Writer.
func (d *dotWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	d.begin()
	if d.last == '\n' && p[0] == '.' {
		d.w.WriteByte('.')
	}
	start := 0
	for i := 0; ; {
		n := bytes.IndexByte(p[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		if !d.afterCR(p, i-1) {
			d.w.Write(p[start : i-1])
			d.w.WriteString("\r\n")
			start = i
		}
		if i < len(p) && p[i] == '.' {
			d.w.Write(p[start:i])
			d.w.WriteByte('.')
			start = i
		}
	}
	_, err := d.w.Write(p[start:]) // a bufio.Writer keeps its first error
	d.last = p[len(p)-1]
	return len(p), err
}

func (d *dotWriter) begin() {
	if !d.begun {
		d.begun, d.last = true, '\n'
		d.first()
	}
}

// afterCR tells whether the octet before p[i] is a CR.
func (d *dotWriter) afterCR(p []byte, i int) bool {
	if i == 0 {
		return d.last == '\r'
	}
	return p[i-1] == '\r'
}

// end writes the end of the response. A message that does not end with a line end gets one.
func (d *dotWriter) end() error {
	d.begin()
	if d.last != '\n' {
		d.w.WriteString("\r\n")
	}
	_, err := d.w.WriteString(".\r\n")
	return err
}

// topWriter passes on the header, the empty line and as many lines of the body as wanted, then stops with errEnough.
type topWriter struct {
	to    *dotWriter
	lines int  // of the body, still wanted
	body  bool // the header is over
	text  bool // the line under way has more than a CR so far
}

// Write implements io.Writer.
func (t *topWriter) Write(p []byte) (int, error) {
	for i := 0; i < len(p); {
		n := bytes.IndexByte(p[i:], '\n')
		if n < 0 {
			t.text = t.text || !justCR(p[i:])
			break
		}
		t.endLine(t.text || !justCR(p[i:i+n]))
		i += n + 1
		if t.body && t.lines == 0 {
			if _, err := t.to.Write(p[:i]); err != nil {
				return 0, err
			}
			return i, errEnough
		}
	}
	return t.to.Write(p)
}

// endLine takes note of a line's end. The first empty one ends the header.
func (t *topWriter) endLine(text bool) {
	switch {
	case t.body:
		t.lines--
	case !text:
		t.body = true
	}
	t.text = false
}

func justCR(p []byte) bool { return len(p) == 0 || len(p) == 1 && p[0] == '\r' }
