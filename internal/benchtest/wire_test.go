package benchtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// patience is what one read or write may take.
const patience = 2 * time.Minute

// wire is the client's end of a protocol of lines.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
}

// dial connects, with TLS at once where encrypted, and from the loopback address from unless it is nil.
func dial(addr string, encrypted bool, from net.IP) (*wire, error) {
	d := net.Dialer{Timeout: patience}
	if from != nil {
		d.LocalAddr = &net.TCPAddr{IP: from}
	}
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	if encrypted {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // the certificate is the appliance's own
	}
	return &wire{conn: conn, r: bufio.NewReaderSize(conn, 64<<10), w: bufio.NewWriterSize(conn, 64<<10)}, nil
}

// printf buffers a command.
func (c *wire) printf(format string, args ...any) { fmt.Fprintf(c.w, format, args...) }

// flush sends what is buffered.
func (c *wire) flush() error {
	c.conn.SetDeadline(time.Now().Add(patience))
	return c.w.Flush()
}

// line reads one line, without its end. It is good until the next read; of one longer than the buffer it is the end.
func (c *wire) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	for err == bufio.ErrBufferFull {
		line, err = c.r.ReadSlice('\n')
	}
	return bytes.TrimRight(line, "\r\n"), err
}

// expect sends what is buffered and reads one line, which must begin with want.
func (c *wire) expect(want string) (string, error) {
	if err := c.flush(); err != nil {
		return "", err
	}
	line, err := c.line()
	if err == nil && !bytes.HasPrefix(line, []byte(want)) {
		err = fmt.Errorf("want %q, got %q", want, line)
	}
	return string(line), err
}
