package benchtest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
)

// imapClient counts what comes and keeps nothing.
type imapClient struct {
	*wire
	tag     int
	exists  int
	fetches int
	octets  int64 // in literals
}

// dialIMAP connects and logs in.
func dialIMAP(addr string, encrypted bool, from net.IP) (*imapClient, error) {
	w, err := dial(addr, encrypted, from)
	if err != nil {
		return nil, err
	}
	c := &imapClient{wire: w}
	if _, err := c.expect("* OK"); err != nil {
		return nil, err
	}
	return c, c.do("LOGIN %q %q", ana, password)
}

// do sends a command and reads up to its OK.
func (c *imapClient) do(format string, args ...any) error {
	tag := c.begin(format, args...)
	c.printf("\r\n")
	if err := c.flush(); err != nil {
		return err
	}
	return c.wait(tag)
}

// begin buffers a command without its end and gives its tag.
func (c *imapClient) begin(format string, args ...any) string {
	c.tag++
	tag := "b" + strconv.Itoa(c.tag)
	c.printf(tag+" "+format, args...)
	return tag
}

// wait reads up to the OK of tag.
func (c *imapClient) wait(tag string) error {
	for {
		line, err := c.response()
		if err != nil {
			return err
		}
		if rest, ok := bytes.CutPrefix(line, []byte(tag+" ")); ok {
			if !bytes.HasPrefix(rest, []byte("OK")) {
				return fmt.Errorf("IMAP: %s", rest)
			}
			return nil
		}
	}
}

// response reads one response and skips its literals. What it gives is its last line.
func (c *imapClient) response() ([]byte, error) {
	for first := true; ; first = false {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if first {
			c.note(line)
		}
		n := literal(line)
		if n < 0 {
			return line, nil
		}
		c.octets += n
		if _, err := io.CopyN(io.Discard, c.r, n); err != nil {
			return nil, err
		}
	}
}

// note counts an untagged response by its first line.
func (c *imapClient) note(line []byte) {
	rest, ok := bytes.CutPrefix(line, []byte("* "))
	number, what, _ := bytes.Cut(rest, []byte(" "))
	switch {
	case !ok:
	case bytes.HasPrefix(what, []byte("FETCH ")):
		c.fetches++
	case bytes.Equal(what, []byte("EXISTS")):
		c.exists, _ = strconv.Atoi(string(number))
	}
}

// literal is how many octets the literal after this line has, or -1.
func literal(line []byte) int64 {
	i := bytes.LastIndexByte(line, '{')
	if i < 0 || line[len(line)-1] != '}' {
		return -1
	}
	n, err := strconv.ParseInt(string(line[i+1:len(line)-1]), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// idle sends IDLE and returns once the server waits too.
func (c *imapClient) idle() error {
	c.begin("IDLE\r\n")
	_, err := c.expect("+")
	return err
}

// add appends one message to INBOX. Its literal waits for the server, as LITERAL- has it for more than 4096 octets.
func (c *imapClient) add(msg []byte) error {
	tag := c.begin("APPEND INBOX {%d}\r\n", len(msg))
	if _, err := c.expect("+"); err != nil {
		return err
	}
	c.w.Write(msg)
	c.printf("\r\n")
	if err := c.flush(); err != nil {
		return err
	}
	return c.wait(tag)
}
