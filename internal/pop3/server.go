package pop3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Limits bound what one connection can cost.
type Limits struct {
	CommandLine    int           // octets
	PreLoginOctets int64         // that a peer may send before log-in
	PreLoginTime   time.Duration // from greeting to log-in
	Idle           time.Duration // between commands after that (RFC 1939 §3 asks at least 10 minutes)
}

// Options of New. All are needed but TLS.
type Options struct {
	Backend  Backend
	TLS      *tls.Config // nil: no STLS
	Log      *slog.Logger
	Limits   Limits
	KeepDays func() int // for EXPIRE: days that fetched mail is kept; 0 is for good
}

// Server serves POP3 on any number of listeners.
type Server struct {
	Options
	buffers buffers
	ctx     context.Context // of all sessions; ends when Shutdown runs out of patience
	cancel  context.CancelFunc

	mu        sync.Mutex
	draining  bool
	listeners map[net.Listener]struct{}
	conns     map[net.Conn]struct{} // as accepted, without TLS
	sessions  sync.WaitGroup
}

// New makes a server that does not listen yet.
func New(opt Options) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	return &Server{
		Options:   opt,
		buffers:   buffers{line: opt.Limits.CommandLine},
		ctx:       ctx,
		cancel:    cancel,
		listeners: make(map[net.Listener]struct{}),
		conns:     make(map[net.Conn]struct{}),
	}
}

// Serve accepts connections until Shutdown closes l, and then gives nil. With implicitTLS a connection starts with the TLS
// handshake (port 995).
func (s *Server) Serve(l net.Listener, implicitTLS bool) error {
	if !s.listen(l) {
		return nil
	}
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.start(conn, implicitTLS)
		case s.stopping():
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept POP3: %w", err)
		default: // out of file descriptors, say: it passes
			s.Log.Warn("cannot accept a POP3 connection", "err", err)
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// listen notes a listener, or closes it when it is too late for that.
func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		l.Close()
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) start(conn net.Conn, implicitTLS bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		conn.Close()
		return
	}
	s.conns[conn] = struct{}{}
	s.sessions.Go(func() {
		defer s.forget(conn)
		newSession(s, conn).serve(s.ctx, implicitTLS)
	})
}

func (s *Server) forget(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

func (s *Server) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// Shutdown stops accepting, tells idle sessions and ends them, and waits for commands in flight. When ctx ends first, it
// cuts what is left and gives ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain()
	done := make(chan struct{})
	go func() {
		s.sessions.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.cancel()
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	s.cut()
	<-done
	return fmt.Errorf("end POP3 sessions: %w", ctx.Err())
}

// drain wakes every session that waits for its peer: the wait ends as if time were up, and the session finds out why.
func (s *Server) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for l := range s.listeners {
		l.Close()
	}
	for conn := range s.conns {
		conn.SetReadDeadline(time.Unix(1, 0))
	}
}

func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}
