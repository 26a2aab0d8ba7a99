package imap

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"buzon/internal/deflate"
)

// Limits bound what one connection may cost.
type Limits struct {
	CommandLine    int           // octets of a command without its literals
	Literal        int64         // octets of a command's literals other than messages, once logged in
	PreLoginOctets int64         // that a client may send before log-in
	PreLoginTime   time.Duration // from the connection to log-in
	Idle           time.Duration // between commands, and in IDLE (RFC 3501 §5.4 asks 30 minutes at least)
	Busy           time.Duration // one read or write within a command
	Compressed     int           // connections with COMPRESS at a time (RFC 4978), of 40 KB more each
}

// DefaultLimits are what a Server with zero Limits uses.
func DefaultLimits() Limits {
	return Limits{
		CommandLine:    8 << 10, // RFC 7162 §4 asks 8000 octets at least
		Literal:        64 << 10,
		PreLoginOctets: 16 << 10,
		PreLoginTime:   time.Minute,
		Idle:           31 * time.Minute,
		Busy:           2 * time.Minute,
		Compressed:     500,
	}
}

// Server serves IMAP. Its fields are set before the first connection and not
// changed afterwards.
type Server struct {
	Backend Backend
	TLS     *tls.Config // for STARTTLS; nil offers none
	Limits  Limits      // the zero value means DefaultLimits
	Log     *slog.Logger
	Name    string // of the host, in the greeting
	Version string // of the program, in ID (RFC 2971)

	Now func() time.Time // the clock of SEARCH OLDER; nil is time.Now

	once   sync.Once
	ctx    context.Context // of all sessions
	cancel context.CancelFunc

	mu        sync.Mutex
	closing   bool
	listeners map[net.Listener]struct{}
	sessions  map[*session]struct{}
	running   sync.WaitGroup

	buffers sync.Pool // of *buffers
	small   sync.Pool // of *buffers, for who is not logged in
	views   views
	heavy   chan struct{} // of who sorts or threads

	compression compression
	lists       lists
	clock       atomic.Int64 // ticks when a session's bell rings

	after func(time.Duration, func()) stopper // time.AfterFunc when nil: for tests
}

// now is the time by the server's clock.
func (s *Server) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// buffers is what a session needs while it runs a command. They go back to
// the pool when it waits.
type buffers struct {
	r   *bufio.Reader
	w   *bufio.Writer
	dec decoder
	enc encoder
}

const (
	readBuffer  = 4 << 10  // octets: commands are short, and a message is read past the buffer
	writeBuffer = 32 << 10 // octets: the answers of one command go out in writes of this size
	smallWrite  = 2 << 10  // octets, before log-in: a stranger who stops within a line keeps his buffers
)

// buffersFor takes buffers from the pool for that state.
func (s *Server) buffersFor(st state) *buffers {
	if st == notAuthenticated {
		return s.small.Get().(*buffers)
	}
	return s.buffers.Get().(*buffers)
}

// giveBack puts buffers where they came from.
func (s *Server) giveBack(b *buffers) {
	if b.w.Size() < writeBuffer {
		s.small.Put(b)
		return
	}
	s.buffers.Put(b)
}

func newBuffers(write int) *buffers {
	return &buffers{r: bufio.NewReaderSize(nil, readBuffer), w: bufio.NewWriterSize(nil, write)}
}

func (s *Server) init() {
	s.once.Do(func() {
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.listeners = make(map[net.Listener]struct{})
		s.sessions = make(map[*session]struct{})
		s.heavy = make(chan struct{}, maxHeavy)
		s.compression.packer = deflate.NewPacker(packers)
		s.buffers.New = func() any { return newBuffers(writeBuffer) }
		s.small.New = func() any { return newBuffers(smallWrite) }
		if s.Limits == (Limits{}) {
			s.Limits = DefaultLimits()
		}
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
	})
}

// ErrClosed is what Serve returns after Shutdown.
var ErrClosed = errors.New("imap: server is closed")

// Serve accepts connections until Shutdown. A listener of TLS is served as
// IMAP with implicit TLS (RFC 8314).
func (s *Server) Serve(l net.Listener) error {
	s.init()
	if !s.addListener(l) {
		return ErrClosed
	}
	defer s.removeListener(l)
	for {
		conn, err := l.Accept()
		switch {
		case s.isClosing():
			if err == nil {
				conn.Close()
			}
			return ErrClosed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept: %w", err)
		case err != nil: // out of file descriptors, mostly: others may end
			s.Log.Warn("accept failed", "err", err)
			time.Sleep(50 * time.Millisecond)
		default:
			go s.ServeConn(conn)
		}
	}
}

func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.listeners[l] = struct{}{}
	}
	return !s.closing
}

func (s *Server) removeListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// ServeConn serves one connection to its end.
func (s *Server) ServeConn(conn net.Conn) {
	s.init()
	ss := newSession(s, conn)
	if !s.add(ss) {
		conn.Close()
		return
	}
	defer s.remove(ss)
	ss.serve()
}

func (s *Server) add(ss *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.running.Add(1)
	s.sessions[ss] = struct{}{}
	return true
}

func (s *Server) remove(ss *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, ss)
	s.running.Done()
}

// Shutdown stops accepting, says BYE to who waits, lets commands in flight
// end, and closes what is left when ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.init()
	s.stop(func(ss *session) { ss.wire.ring() })
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		s.cancel()
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	s.stop(func(ss *session) { ss.wire.abort() })
	<-ended
	return ctx.Err()
}

// stop closes the listeners and does f to every session.
func (s *Server) stop(f func(*session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	for l := range s.listeners {
		l.Close()
	}
	for ss := range s.sessions {
		f(ss)
	}
}
