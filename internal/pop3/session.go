package pop3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"buzon/internal/tlsconn"
)

const (
	// Wrong passwords until a connection is closed. The Backend's delays are what stops guessing.
	maxFailures = 5

	// Commands in a row that make no sense, until we take the peer for something that does not speak POP3.
	maxNonsense = 20

	// What a peer that sends too much gets to finish with.
	lingerTime   = time.Second
	lingerOctets = 64 << 10
)

var errGoingDown = errors.New("server is going down")

// session is one connection. It is in the AUTHORIZATION state while drop is nil, else in the TRANSACTION state (RFC 1939
// §3).
type session struct {
	wire
	server  *Server
	log     *slog.Logger
	peer    Peer
	started time.Time

	lang     language
	user     string // given by USER, until PASS
	account  Account
	drop     *drop
	failures int
	nonsense int
	over     bool // the connection ends after the replies are sent
}

func newSession(srv *Server, conn net.Conn) *session {
	s := &session{server: srv, started: time.Now()}
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		s.peer.Addr = tcp.AddrPort().Addr().Unmap()
	}
	s.log = srv.Log.With("peer", peerName(s.peer.Addr))
	s.wire = wire{conn: conn, buffers: &srv.buffers, waiting: s.beforeWait, allowed: srv.Limits.PreLoginOctets}
	s.release()
	return s
}

func peerName(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown"
	}
	return a.String()
}

// serve runs the session to its end.
func (s *session) serve(ctx context.Context, implicitTLS bool) {
	defer s.end()
	if implicitTLS {
		if err := s.startTLS(ctx); err != nil {
			s.log.Debug("TLS handshake failed", "err", err)
			return
		}
	}
	s.ok(sayGreeting)
	err := s.commands(ctx)
	if err != nil {
		s.hangUp(err)
	}
	if err := s.flush(); err != nil {
		s.log.Debug("POP3 connection lost", "err", err)
	}
	if errors.Is(err, errLongLine) || errors.Is(err, errTooMuch) {
		s.linger()
	}
}

// linger reads a little of what the peer has sent beyond the end: closing on unread octets would make TCP throw away our
// last reply.
func (s *session) linger() {
	if s.conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		io.CopyN(io.Discard, s.conn, lingerOctets)
	}
}

func (s *session) commands(ctx context.Context) error {
	for !s.over {
		line, err := s.line()
		if err != nil {
			return err
		}
		if err := s.command(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

// end gives everything back. Whatever was marked as deleted stays: only QUIT removes (RFC 1939 §6).
func (s *session) end() {
	s.leave()
	s.discard()
	s.conn.Close()
}

// leave gives the maildrop back.
func (s *session) leave() {
	if s.drop == nil {
		return
	}
	s.drop.close()
	s.log.Info("ended POP3 session", "account", s.account.Name(), "messages", len(s.drop.list),
		"fetched", s.drop.countMarked(fetched))
	s.drop = nil
}

// hangUp says why the connection ends, where the peer can still hear it.
func (s *session) hangUp(err error) {
	switch {
	case errors.Is(err, errGoingDown), errors.Is(err, os.ErrDeadlineExceeded) && s.server.stopping():
		s.fail(codeTemporary, sayGoingDown)
	case errors.Is(err, errLongLine):
		s.fail("", sayLongLine)
	case errors.Is(err, errTooMuch):
		s.fail("", sayTooMuch)
	default:
		// RFC 1939 §3: when time is up, no response. It would be taken for that to the next command.
		s.log.Debug("POP3 connection ended", "err", err)
	}
}

// beforeWait sets how long the peer may take.
func (s *session) beforeWait() error {
	until := time.Now().Add(s.server.Limits.Idle)
	if s.drop == nil {
		until = s.started.Add(s.server.Limits.PreLoginTime)
	}
	if err := s.conn.SetReadDeadline(until); err != nil {
		return err
	}
	if s.server.stopping() { // asked after the deadline was set, which Shutdown's own may have preceded
		return errGoingDown
	}
	return nil
}

// startTLS makes the rest of the connection TLS.
func (s *session) startTLS(ctx context.Context) error {
	if err := s.conn.SetDeadline(s.started.Add(s.server.Limits.PreLoginTime)); err != nil {
		return err
	}
	conn := tlsconn.Server(s.conn, s.server.TLS)
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	state := conn.ConnectionState()
	s.conn, s.peer.TLS = conn, &state
	return nil
}

// ok writes a positive status line.
func (s *session) ok(p phrase, args ...any) {
	s.status("+OK ", p, args)
}

// fail writes a negative status line, with a response code (RFC 2449 §8) or "".
func (s *session) fail(code string, p phrase, args ...any) {
	status := "-ERR "
	if code != "" {
		status += "[" + code + "] "
	}
	s.status(status, p, args)
}

func (s *session) status(status string, p phrase, args []any) {
	w := s.writer()
	w.WriteString(status)
	if len(args) == 0 {
		w.WriteString(p.in(s.lang))
	} else {
		fmt.Fprintf(w, p.in(s.lang), args...)
	}
	w.WriteString("\r\n")
}

// failure turns an error of the Backend into a reply. The peer never sees what we do not know.
func (s *session) failure(err error) {
	switch {
	case errors.Is(err, ErrGone):
		s.fail("", sayGone)
	case errors.Is(err, ErrInUse):
		s.fail(codeInUse, sayInUse)
	case errors.Is(err, ErrCredentials):
		s.wrongPassword()
	default:
		s.log.Error("POP3 command failed", "err", err)
		s.fail(codeTemporary, sayTryLater)
	}
}

// numbers writes a line of numbers.
func (s *session) numbers(before string, a, b int64) {
	w := s.writer()
	w.WriteString(before)
	buf := strconv.AppendInt(w.AvailableBuffer(), a, 10)
	buf = append(buf, ' ')
	buf = strconv.AppendInt(buf, b, 10)
	w.Write(append(buf, '\r', '\n'))
}

// endList ends a multi-line response.
func (s *session) endList() { s.writer().WriteString(".\r\n") }
