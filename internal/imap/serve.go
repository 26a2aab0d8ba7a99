package imap

import (
	"crypto/tls"
	"errors"
	"math"
	"net"
	"runtime/debug"
	"time"
)

// maxBad is how many commands in a row may be nonsense before log-in: what
// talks like that is not a mail program (an HTTP client, a scanner).
const maxBad = 10

func newSession(server *Server, conn net.Conn) *session {
	l := server.Limits
	return &session{
		server: server,
		ctx:    server.ctx,
		log:    server.Log,
		state:  notAuthenticated,
		wire: &wire{
			clock: &server.clock,
			raw:   conn, conn: conn, busy: l.Busy,
			login: time.Now().Add(l.PreLoginTime), budget: l.PreLoginOctets,
		},
	}
}

// serve runs the session to its end. Nothing that happens in it reaches another session.
func (s *session) serve() {
	defer s.wire.close()
	defer s.dropBuffers()
	defer s.endCompression()
	defer s.leave()
	defer s.endNotify()
	defer s.closeBox()
	defer s.recoverPanic()
	err := s.converse()
	var fatal *fatalError
	if errors.As(err, &fatal) {
		s.bye(fatal.text)
		if fatal != errShutdown {
			s.wire.linger()
		}
	}
	s.log.Debug("imap session ended", "err", err)
}

// leave tells the Backend that who logged in is gone.
func (s *session) leave() {
	if s.account != nil {
		s.account.Leave()
	}
}

func (s *session) recoverPanic() {
	if r := recover(); r != nil {
		s.log.Error("imap session panicked", "command", s.commandName(), "panic", r, "stack", string(debug.Stack()))
	}
}

// converse greets and runs commands until log-out or an error of the connection.
func (s *session) converse() error {
	if c, ok := s.wire.conn.(*tls.Conn); ok {
		if err := s.wire.handshake(s.ctx, c); err != nil {
			return err
		}
	}
	s.borrow()
	s.greet()
	if err := s.release(); err != nil {
		return err
	}
	for s.state != loggedOut {
		if err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// next waits for a command without buffers, runs it, and all that came with it.
func (s *session) next() error {
	until := s.waitUntil()
	event, err := s.wire.wait(until)
	for err == nil && event == eventRing && !s.server.isClosing() {
		if err = s.tellBetween(); err == nil {
			event, err = s.wire.wait(until)
		}
	}
	switch {
	case err != nil:
		return err
	case event == eventTimeout && s.state == notAuthenticated:
		return &fatalError{"Nobody logged in; closing."}
	case event == eventTimeout:
		return &fatalError{"Nothing was heard for too long; closing."}
	case s.server.isClosing():
		return errShutdown
	}
	s.borrow()
	for s.state != loggedOut {
		if err := s.runCommand(); err != nil {
			return err
		}
		if err := s.enc.Flush(); err != nil {
			return err
		}
		if s.dec.r.Buffered() == 0 {
			break
		}
	}
	return s.release()
}

var errShutdown = &fatalError{"The server is shutting down; please come back in a moment."}

// waitUntil is when a waiting client is given up.
func (s *session) waitUntil() time.Time {
	until := time.Now().Add(s.server.Limits.Idle)
	if s.state == notAuthenticated && s.wire.login.Before(until) {
		return s.wire.login
	}
	return until
}

// borrow takes buffers from the pool.
func (s *session) borrow() {
	b := s.server.buffersFor(s.state)
	b.r.Reset(s.wire)
	b.w.Reset(s.wire)
	b.enc = encoder{w: b.w}
	b.dec = decoder{r: b.r, enc: &b.enc}
	s.buffers, s.dec, s.enc = b, &b.dec, &b.enc
	s.configureCodec()
}

// configureCodec makes the codec follow the session's state.
func (s *session) configureCodec() {
	l := s.server.Limits
	utf8 := s.enabled.UTF8 || s.enabled.Rev2
	s.enc.utf8, s.dec.utf8 = utf8, utf8
	s.dec.limits = decodeLimits{line: l.CommandLine, literals: l.Literal, nonSync: maxNonSync, drain: maxDrain}
	if s.state == notAuthenticated {
		s.dec.limits.literals = maxNonSync
		return
	}
	if s.has("LITERAL+") {
		s.dec.limits.nonSync = math.MaxInt64 // what is too large is refused by what it is for
	}
	// A refused message of an allowed size is no reason to drop the connection.
	s.dec.limits.drain = max(maxDrain, s.account.AppendLimit())
}

const (
	maxNonSync = 4096    // octets of a {n+} literal before log-in, or without LITERAL+ (RFC 7888 §5)
	maxDrain   = 1 << 20 // octets of refused literals in one command that we read to keep the connection
)

// release flushes and gives the buffers back.
func (s *session) release() error {
	err := s.enc.Flush()
	b := s.buffers
	s.buffers, s.dec, s.enc = nil, nil, nil
	b.r.Reset(nil)
	b.w.Reset(nil)
	s.server.giveBack(b)
	return err
}

// dropBuffers gives the buffers of a session that ended back.
func (s *session) dropBuffers() {
	if s.buffers != nil {
		s.release() // the connection ends either way
	}
}

// greet is the first line (RFC 3501 §7.1.1).
func (s *session) greet() {
	s.status("*", "OK", s.capabilityCode(), s.server.Name+" Buzon is ready.")
}

// bye is the last line, as far as it still reaches the client.
func (s *session) bye(text string) {
	if s.enc == nil {
		s.borrow()
	}
	s.status("*", "BYE", "", text)
	s.enc.Flush() // the connection ends either way
}
