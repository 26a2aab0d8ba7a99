package pop3

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Sizes of buffers.
const (
	// A command as people and programs send them one at a time fits. It is part of the session, so an idle one has no
	// other buffer.
	smallLine = 64 // octets

	// Replies of pipelined commands gathered before a write.
	replyBuffer = 32 << 10 // octets
)

// How long a peer may take to receive one buffer of replies.
const writeTime = 2 * time.Minute

var (
	errLongLine = errors.New("command line too long")
	errTooMuch  = errors.New("too many octets before log-in")
)

// wire is a connection as lines in and replies out. It has buffers only while there is something in them.
type wire struct {
	conn    net.Conn
	buffers *buffers
	waiting func() error // called before each wait for the peer: deadlines
	out     *bufio.Writer
	in      []byte // small, or from the pool
	r, w    int    // in[r:w] has arrived and is not yet read
	more    bool   // the last read filled all of in: the peer is pipelining
	allowed int64  // octets until errTooMuch; negative: no limit
	small   [smallLine]byte
}

// buffers are the pools that all sessions of a server share.
type buffers struct {
	line    int // octets of a command line
	readers sync.Pool
	writers sync.Pool
}

func (b *buffers) reader() []byte {
	if p, ok := b.readers.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, max(b.line, 2*smallLine))
}

func (b *buffers) writer(w io.Writer) *bufio.Writer {
	if p, ok := b.writers.Get().(*bufio.Writer); ok {
		p.Reset(w)
		return p
	}
	return bufio.NewWriterSize(w, replyBuffer)
}

// writer is where replies go.
func (c *wire) writer() *bufio.Writer {
	if c.out == nil {
		c.out = c.buffers.writer(patient{c.conn})
	}
	return c.out
}

// patient gives every write its own time.
type patient struct{ net.Conn }

// Write implements io.Writer.
func (p patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// flush sends what was gathered and gives the buffer back.
func (c *wire) flush() error {
	if c.out == nil {
		return nil
	}
	out := c.out
	c.out = nil
	err := out.Flush()
	out.Reset(nil)
	c.buffers.writers.Put(out)
	return err
}

// line gives the next line without its end, which is CRLF or, for people who type, a bare LF. It is valid until the next
// call. Replies are flushed only when the peer has not sent another command yet.
func (c *wire) line() ([]byte, error) {
	scanned := 0
	for {
		if n := bytes.IndexByte(c.in[c.r+scanned:c.w], '\n'); n >= 0 {
			return c.take(scanned + n + 1)
		}
		scanned = c.w - c.r
		if c.allowed >= 0 && int64(scanned) > c.allowed {
			return nil, errTooMuch
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// take gives the first n octets as a line.
func (c *wire) take(n int) ([]byte, error) {
	if c.allowed >= 0 {
		if int64(n) > c.allowed {
			return nil, errTooMuch
		}
		c.allowed -= int64(n)
	}
	line := c.in[c.r : c.r+n-1]
	c.r += n
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// fill waits for more input.
func (c *wire) fill() error {
	if err := c.makeRoom(); err != nil {
		return err
	}
	if err := c.flush(); err != nil {
		return err
	}
	if err := c.waiting(); err != nil {
		return err
	}
	n, err := c.conn.Read(c.in[c.w:])
	c.w += n
	c.more = c.w == len(c.in)
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// makeRoom makes sure that something can be read: into the session's own few octets when the peer sends one short command
// at a time, else into a buffer of the pool.
func (c *wire) makeRoom() error {
	switch {
	case c.r == c.w && !c.more:
		c.release()
	case c.small2big():
	case c.r > 0:
		c.w = copy(c.in, c.in[c.r:c.w])
		c.r = 0
	}
	if c.w == len(c.in) {
		return errLongLine
	}
	return nil
}

// small2big moves what has arrived from small to a buffer of the pool when small is full.
func (c *wire) small2big() bool {
	if len(c.in) > smallLine || c.w < len(c.in) {
		return false
	}
	big := c.buffers.reader()
	c.w = copy(big, c.in[c.r:c.w])
	c.in, c.r = big, 0
	return true
}

// release forgets what has arrived and gives a buffer of the pool back.
func (c *wire) release() {
	if len(c.in) > smallLine {
		in := c.in
		c.buffers.readers.Put(&in)
	}
	c.in, c.r, c.w, c.more = c.small[:], 0, 0, false
}

// discard forgets replies, too: the connection is over.
func (c *wire) discard() {
	c.release()
	if c.out != nil {
		c.out.Reset(nil)
		c.buffers.writers.Put(c.out)
		c.out = nil
	}
}
