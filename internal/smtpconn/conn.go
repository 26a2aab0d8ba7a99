// Package smtpconn is a network connection as go-smtp's server needs it to be
// safe and quick. It stands between the socket and the library and
//
//   - hands over one command line at a time, so that nothing is parsed after
//     the connection was given up, and a command line has a length limit;
//   - does STARTTLS itself, discarding what was sent ahead of it (RFC 3207 §6);
//   - follows DATA and BDAT, so that a body is never taken for commands, and
//     renews the deadline with every read of a body;
//   - gathers replies and writes them when the peer has to wait for them, which
//     makes pipelining (RFC 2920) one write;
//   - makes every read error final, and 421: the library would go on parsing;
//   - ends what comes too slowly: a command as a whole, a body on average;
//   - lets a Guest refuse a connection, wait before the greeting, and hear the replies;
//   - speaks where the library's words do not fit: greeting, STARTTLS, REQUIRETLS
//     and SIZE in EHLO, the texts of MAIL and RCPT, the address "postmaster" alone.
//
// It knows nothing of mail policy.
package smtpconn

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"buzon/internal/tlsconn"
)

// Options are the same for all connections of a service.
type Options struct {
	Name        func() string // in the greeting
	Size        func() int64  // octets of one message, told in EHLO (RFC 1870)
	TLS         *tls.Config
	Implicit    bool          // TLS from the first octet (RFC 8314 §3.3)
	Idle        time.Duration // longest wait for a command
	Data        time.Duration // longest wait for any octet of a body
	CommandLine int           // octets of a command line
	// Until Trust is called: octets a peer may send in commands, and the time it has. 0: no limit.
	UntrustedOctets int64
	UntrustedTime   time.Duration
	// Lifetime is when a connection has to begin anew, Rate the octets a second that a body must come with on average after
	// Data. 0: no limit.
	Lifetime time.Duration
	Rate     int
	Guest    func(c *Conn) Guest // called before the greeting; nil: everybody is greeted at once
}

// PostmasterAlone is what "postmaster" without a domain (RFC 5321 §4.5.1)
// looks like to the library, which knows only addresses with one.
const PostmasterAlone = "postmaster@."

const bufferSize = 4096 // octets, each way: a command line, or some pipelined replies

// mode says what the peer's octets are at the moment.
type mode int

const (
	commands mode = iota
	data          // until CRLF.CRLF
	chunk         // c.left octets of BDAT
)

// Conn is one connection. Reads and writes come from the library's goroutine only.
type Conn struct {
	net.Conn // the socket, or TLS over it
	opt      Options

	in         []byte // what was read and not yet handed over: buf[start:end]
	start, end int
	line       []byte // rest of the command line being handed over
	mode       mode
	left       int64   // octets left of a BDAT chunk
	mark       dataEnd // where in DATA's end mark we are
	fatal      error   // the error that ended reading
	out        []byte  // replies not yet written
	reply      []byte  // an unfinished line of a reply
	verb       string  // of the last command
	extended   bool    // greeted with EHLO
	greeted    bool    // since the last STARTTLS
	awaiting   bool    // the next line answers a 334
	trusted    bool
	spent      int64 // octets of commands
	born       time.Time
	asked      time.Time // since when we wait for a command, or a body has been coming
	arrived    int64     // octets of that body
	guest      Guest
	welcomed   bool

	// Value is whatever the Guest wants to find again.
	Value any

	mu       sync.Mutex // guards draining with the read deadline
	draining bool
	onClose  func()
	once     sync.Once
}

func newConn(raw net.Conn, opt Options, onClose func()) *Conn {
	c := &Conn{Conn: raw, opt: opt, onClose: onClose, born: time.Now(), asked: time.Now()}
	if opt.Implicit {
		c.Conn = tlsconn.Server(raw, opt.TLS)
	}
	return c
}

// Addr is the peer's address.
func (c *Conn) Addr() netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// TLS is the state of the connection's TLS, nil without.
func (c *Conn) TLS() *tls.ConnectionState {
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	state := t.ConnectionState()
	return &state
}

// Extended tells whether the peer greeted with EHLO.
func (c *Conn) Extended() bool { return c.extended }

// Greeted tells whether the peer greeted since TLS began: before that
// everything it said is to be forgotten (RFC 3207 §4.2).
func (c *Conn) Greeted() bool { return c.greeted }

// Trust lifts the limits of a peer that has not logged in.
func (c *Conn) Trust() { c.trusted = true }

// Close writes what is left to say and ends the connection. Like Read and Write
// it is called by the library's goroutine; others use Drain or CloseAll.
func (c *Conn) Close() error {
	c.once.Do(func() {
		c.onClose()
		if c.guest.Closed != nil {
			c.guest.Closed()
		}
	})
	flushErr := c.flush()
	if err := c.Conn.Close(); err != nil {
		return err
	}
	return flushErr
}

// SetReadDeadline and its siblings do nothing: the deadlines are this package's,
// because the library sets one per command and none per read of a body.
func (c *Conn) SetReadDeadline(time.Time) error  { return nil }
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }
func (c *Conn) SetDeadline(time.Time) error      { return nil }

// Drain asks the connection to end after the command in flight.
func (c *Conn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	if c.mode == commands { // a body in flight may end
		c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

var (
	errLineTooLong = errors.New("command line too long")
	errTooMuch     = errors.New("too much before log-in")
	errDrained     = errors.New("server is shutting down")
	errOld         = errors.New("connection is too old")
)

// fill reads more octets of commands.
func (c *Conn) fill() error {
	if c.in == nil {
		c.in = make([]byte, bufferSize)
	}
	c.end = copy(c.in, c.in[c.start:c.end])
	c.start = 0
	n, err := c.receive(c.in[c.end:])
	c.end += n
	return err
}

// receive reads from the peer into b, waiting until the deadline of the mode.
func (c *Conn) receive(b []byte) (int, error) {
	if c.fatal != nil {
		return 0, c.fatal
	}
	if !c.welcomed {
		if c.welcomed = true; !c.welcome() {
			return 0, c.fatal
		}
	}
	// The deadline comes first: what is written may have to shake hands.
	if err := c.arm(); err != nil {
		return 0, c.fail(err)
	}
	if err := c.flush(); err != nil {
		return 0, c.fail(err)
	}
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.arrived += int64(n)
		return n, nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return 0, c.fail(err)
}

// fail makes an error final and says goodbye where the peer may still hear it.
func (c *Conn) fail(err error) error {
	c.mu.Lock()
	if c.draining && c.mode == commands {
		err = errDrained
	}
	c.mu.Unlock()
	switch {
	case errors.Is(err, errDrained):
		c.say("421 4.3.2 This server is shutting down; please come back later")
	case errors.Is(err, errLineTooLong):
		c.say("500 5.5.2 This line is too long")
	case errors.Is(err, errTooMuch):
		c.say("421 4.7.0 Too much was sent before log-in")
	case c.mode == commands && c.isOld(time.Now()):
		c.say("421 4.4.2 This connection has lasted long enough; please begin a new one")
	case isTimeout(err):
		c.say("421 4.4.2 Nothing came for too long")
	}
	c.fatal = io.EOF
	if c.mode != commands {
		// The library takes the end of the connection for the end of a BDAT chunk: the message would be cut and accepted.
		c.fatal = io.ErrUnexpectedEOF
	}
	return c.fatal
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func (c *Conn) say(line string) {
	c.out = append(append(c.out, line...), "\r\n"...)
	_ = c.flush() // the peer may be gone: then there is nobody to tell
	c.mute()
}

// mute ends reading, and drops what the library says after our last word.
func (c *Conn) mute() { c.fatal = io.EOF }

func (c *Conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	if err := c.Conn.SetWriteDeadline(time.Now().Add(c.opt.Data)); err != nil {
		return err
	}
	_, err := c.Conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

// Read hands the library the next octets: one command line, or a piece of a body.
func (c *Conn) Read(b []byte) (int, error) {
	switch {
	case c.mode == data:
		return c.readData(b)
	case c.mode == chunk:
		return c.readChunk(b)
	}
	if len(c.line) == 0 {
		if err := c.nextLine(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.line)
	if c.line = c.line[n:]; len(c.line) > 0 {
		return n, nil
	}
	c.line = nil // it would keep the buffer
	if c.left > 0 {
		c.setMode(chunk)
	}
	return n, nil
}

// setMode changes what the peer's octets are, where Drain can see it.
func (c *Conn) setMode(m mode) {
	c.mu.Lock()
	c.mode = m
	c.mu.Unlock()
	c.asked, c.arrived = time.Now(), 0
}

// nextLine finds the next command for the library; those that are ours are done here.
func (c *Conn) nextLine() error {
	c.asked = time.Now()
	if c.fatal == nil && c.isOld(c.asked) { // it never had to wait
		return c.fail(errOld)
	}
	for {
		if c.fatal != nil {
			return c.fatal
		}
		if i := bytes.IndexByte(c.in[c.start:c.end], '\n'); i >= 0 {
			line := c.in[c.start : c.start+i+1]
			c.start += i + 1
			if err := c.account(len(line)); err != nil {
				return err
			}
			if forward := c.command(line); forward != nil {
				c.line = forward
				return nil
			}
			c.asked = time.Now()
			continue
		}
		if c.end-c.start >= min(c.opt.CommandLine, bufferSize) {
			return c.fail(errLineTooLong)
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
}

// account counts what a peer sends before it is trusted.
func (c *Conn) account(n int) error {
	c.spent += int64(n)
	if !c.trusted && c.opt.UntrustedOctets > 0 && c.spent > c.opt.UntrustedOctets {
		return c.fail(errTooMuch)
	}
	return nil
}
