package imap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"buzon/internal/deflate"
	"buzon/internal/tlsconn"
)

// connError is an error of the connection: nothing more can be said on it. It
// never equals io.EOF, so that a literal cut short cannot pass for a whole one.
type connError struct{ err error }

func (e *connError) Error() string { return e.err.Error() }
func (e *connError) Unwrap() error { return e.err }

// isConnectionError tells whether err ends the connection and cannot be a command's answer.
func isConnectionError(err error) bool {
	var conn *connError
	var fatal *fatalError
	return errors.As(err, &conn) || errors.As(err, &fatal)
}

// event is what wait ended with.
type event int

const (
	eventInput   event = iota // the client sent something
	eventRing                 // the bell rang
	eventTimeout              // nothing until the given time
)

// wire is the connection of one session: its deadlines, what may be read
// before log-in, and a way to wait for the client or a bell with no buffer and
// no second goroutine.
//
// A bell interrupts the blocking read by moving its deadline into the past.
// That is safe in TLS: crypto/tls keeps a record read in part, and a timeout
// does not spoil the connection for reading.
type wire struct {
	clock *atomic.Int64 // counts the bells of all sessions
	raw   net.Conn      // as accepted
	conn  net.Conn      // raw, or TLS over it
	busy  time.Duration // one read or write within a command may take this long

	login  time.Time // before log-in: no read goes beyond; zero afterwards
	budget int64     // before log-in: octets that may still be read

	mu     sync.Mutex // guards armed, rung and the read deadline while armed
	armed  bool       // wait is blocked in a read
	rung   bool
	moment int64 // of the server's clock when it rang last

	one  [1]byte // the octet that wait read
	held bool

	in     *deflate.Reader // what the client compresses (RFC 4978), nil until it does
	packer *deflate.Packer // for what we say then
}

// past is a deadline that is always over.
var past = time.Unix(1, 0)

// ring interrupts wait, now or when it is called next. It does not block.
func (w *wire) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rung = true
	if w.clock != nil {
		w.moment = w.clock.Add(1)
	}
	if w.armed {
		w.conn.SetReadDeadline(past) // an error here shows in the read
	}
}

// rungAt tells when the bell rang last.
func (w *wire) rungAt() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.moment
}

// wait blocks until the client sends something, the bell rings, or until.
func (w *wire) wait(until time.Time) (event, error) {
	for !w.held {
		rung, err := w.arm(until)
		if rung || err != nil {
			return eventRing, wrapConn(err)
		}
		n, err := w.read(w.one[:])
		rung = w.disarm(n > 0)
		switch {
		case n > 0:
			w.held = true
			w.budget--
		case rung:
			return eventRing, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return eventTimeout, nil
		case err != nil:
			return eventInput, &connError{err}
		}
	}
	return eventInput, nil
}

// arm sets the deadline unless the bell has rung.
func (w *wire) arm(until time.Time) (rung bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rung {
		w.rung = false
		return true, nil
	}
	w.armed = true
	return false, w.conn.SetReadDeadline(until)
}

// disarm ends the bell's power over the deadline. With input, a ring stays for the next wait.
func (w *wire) disarm(input bool) (rung bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	if input {
		return false
	}
	rung, w.rung = w.rung, false
	return rung
}

// Read reads within a command.
func (w *wire) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if w.held {
		w.held = false
		p[0] = w.one[0]
		return 1, nil
	}
	until := time.Now().Add(w.busy)
	if !w.login.IsZero() {
		if w.budget <= 0 {
			return 0, &fatalError{"Too much was sent before log-in."}
		}
		if w.login.Before(until) {
			until = w.login
		}
		p = p[:min(int64(len(p)), w.budget)]
	}
	if err := w.conn.SetReadDeadline(until); err != nil {
		return 0, &connError{err}
	}
	n, err := w.read(p)
	w.budget -= int64(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, &fatalError{"The command took too long to arrive."}
	}
	return n, wrapConn(err)
}

// Write writes p; a client that does not read is given up.
func (w *wire) Write(p []byte) (int, error) {
	if err := w.conn.SetWriteDeadline(time.Now().Add(w.busy)); err != nil {
		return 0, &connError{err}
	}
	if w.in != nil {
		return w.writePacked(p)
	}
	n, err := w.conn.Write(p)
	return n, wrapConn(err)
}

// read reads below the deadlines and limits.
func (w *wire) read(p []byte) (int, error) {
	if w.in != nil {
		return w.in.Read(p)
	}
	return w.conn.Read(p)
}

func wrapConn(err error) error {
	if err == nil {
		return nil
	}
	return &connError{err}
}

// loggedIn lifts the limits that hold before log-in.
func (w *wire) loggedIn() { w.login = time.Time{} }

// startTLS makes the connection a TLS one. What was held of the plain text is dropped.
func (w *wire) startTLS(ctx context.Context, config *tls.Config) error {
	conn := tlsconn.Server(w.conn, config)
	if err := w.handshake(ctx, conn); err != nil {
		return err
	}
	w.conn, w.held = conn, false
	return nil
}

// handshake does conn's handshake within the time for log-in.
func (w *wire) handshake(ctx context.Context, conn *tls.Conn) error {
	if err := conn.SetDeadline(w.login); err != nil {
		return &connError{err}
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		return &connError{fmt.Errorf("TLS handshake: %w", err)}
	}
	return nil
}

// isTLS tells whether the connection is a TLS one.
func (w *wire) isTLS() bool {
	_, ok := w.conn.(*tls.Conn)
	return ok
}

// peer tells who is at the other end.
func (w *wire) peer() Peer {
	var p Peer
	if a, err := netip.ParseAddrPort(w.conn.RemoteAddr().String()); err == nil {
		p.Addr = a.Addr().Unmap()
	}
	if c, ok := w.conn.(*tls.Conn); ok {
		state := c.ConnectionState()
		p.TLS = &state
	}
	return p
}

// abort makes every read and write fail; it may be called from another goroutine.
func (w *wire) abort() { w.raw.Close() }

// What linger throws away, at most, so that a last BYE is not lost to a TCP
// reset for the octets still unread.
const (
	lingerOctets = 64 << 10
	lingerTime   = time.Second
)

// linger lets the client read the last words before the connection is closed.
func (w *wire) linger() {
	if c, ok := w.conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite() // an error shows in what follows
	}
	if w.conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	var buf [512]byte
	for left := lingerOctets; left > 0; left -= len(buf) {
		if _, err := io.ReadFull(w.conn, buf[:]); err != nil {
			return
		}
	}
}

// close closes the connection.
func (w *wire) close() { w.conn.Close() }
