package pop3

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"
)

// enter connects and logs in.
func enter(t testing.TB, addr string) *textproto.Conn {
	t.Helper()
	conn, err := textproto.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ask(t, conn, "", "+OK")
	ask(t, conn, "USER ana@example.test", "+OK")
	ask(t, conn, "PASS two words", "+OK")
	return conn
}

// ask sends a command and checks how its reply starts.
func ask(t testing.TB, conn *textproto.Conn, command, want string) string {
	t.Helper()
	if command != "" {
		if err := conn.PrintfLine("%s", command); err != nil {
			t.Fatal(err)
		}
	}
	got, err := conn.ReadLine()
	if err != nil || !strings.HasPrefix(got, want) {
		t.Fatalf("%s: got %q %v, want %q", command, got, err, want)
	}
	return got
}

// closed checks that the server ends the connection and says no more.
func closed(t testing.TB, conn *textproto.Conn) {
	t.Helper()
	if line, err := conn.ReadLine(); !errors.Is(err, io.EOF) {
		t.Fatalf("got %q %v, want the end", line, err)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ line, verb, arg string }{
		{"", "", ""},
		{"noop", "NOOP", ""},
		{"  Stat", "STAT", ""},
		{"RETR 1", "RETR", "1"},
		// RFC 1939 §7, PASS: spaces may belong to a password.
		{"PASS  two words ", "PASS", " two words "},
		{"STAT\t", "STAT", ""},
	} {
		if verb, arg := parse([]byte(c.line)); verb != c.verb || arg != c.arg {
			t.Errorf("%q: got %q %q, want %q %q", c.line, verb, arg, c.verb, c.arg)
		}
	}
}

// RFC 1939 §4: one session at a time; the next gets in as soon as QUIT is answered.
func TestLock(t *testing.T) {
	_, addr := serve(t, newWorld(), false)
	first := enter(t, addr)
	second, err := textproto.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	ask(t, second, "", "+OK")
	ask(t, second, "USER ana@example.test", "+OK")
	ask(t, second, "PASS two words", "-ERR [IN-USE]")
	ask(t, first, "QUIT", "+OK")
	ask(t, second, "USER ana@example.test", "+OK")
	ask(t, second, "PASS two words", "+OK")
}

// A message that vanishes while it is sent must not look whole.
func TestVanishesWhileSent(t *testing.T) {
	w := newWorld("Subject: x\r\n\r\nlong text\r\n")
	w.halfway = true
	_, addr := serve(t, w, false)
	conn := enter(t, addr)
	ask(t, conn, "RETR 1", "+OK 25 octets")
	if _, err := conn.ReadDotBytes(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
}

// QUIT tells what was fetched and stays; a failing store is no success.
func TestUpdate(t *testing.T) {
	w := newWorld(dialogMail...)
	_, addr := serve(t, w, false)
	conn := enter(t, addr)
	for _, c := range []string{"RETR 1", "RETR 3"} {
		ask(t, conn, c, "+OK")
		conn.ReadDotBytes()
	}
	ask(t, conn, "DELE 1", "+OK")
	ask(t, conn, "QUIT", "+OK Messages removed: 1.")
	if !slices.Equal(w.fetched, []uint32{30}) || !slices.Equal(w.uids(), []uint32{20, 30}) {
		t.Fatal(w.fetched, w.uids())
	}
	w.fail = errors.New("disk full")
	conn = enter(t, addr)
	ask(t, conn, "DELE 1", "+OK")
	ask(t, conn, "QUIT", "-ERR [SYS/TEMP]")
	closed(t, conn)
}

func TestExpire(t *testing.T) {
	_, addr := serve(t, newWorld(), false, func(o *Options) { o.KeepDays = func() int { return 14 } })
	conn := enter(t, addr)
	ask(t, conn, "CAPA", "+OK")
	if lines, err := conn.ReadDotLines(); err != nil || !slices.Contains(lines, "EXPIRE 14") {
		t.Fatal(lines, err)
	}
}

// RFC 1939 §3: when time is up the connection ends without a word, and nothing is removed.
func TestIdle(t *testing.T) {
	w := newWorld(dialogMail...)
	_, addr := serve(t, w, false, func(o *Options) { o.Limits.Idle = 50 * time.Millisecond })
	conn := enter(t, addr)
	ask(t, conn, "DELE 1", "+OK")
	closed(t, conn)
	if len(w.uids()) != 3 {
		t.Fatal("removed without QUIT")
	}
}

// Before log-in the clock runs from the greeting on, whatever is sent.
func TestPreLoginTime(t *testing.T) {
	_, addr := serve(t, newWorld(), false, func(o *Options) { o.Limits.PreLoginTime = 200 * time.Millisecond })
	conn, err := textproto.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	start := time.Now()
	for range 4 {
		conn.PrintfLine("CAPA")
		time.Sleep(20 * time.Millisecond)
	}
	io.Copy(io.Discard, conn.R)
	if d := time.Since(start); d > 5*time.Second {
		t.Fatal(d)
	}
}

// An idle session is told, and ended; its deletions are not done.
func TestShutdownIdle(t *testing.T) {
	w := newWorld(dialogMail...)
	srv, addr := serve(t, w, false)
	conn := enter(t, addr)
	ask(t, conn, "DELE 1", "+OK")
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask(t, conn, "", "-ERR [SYS/TEMP] The server is restarting.")
	closed(t, conn)
	if len(w.uids()) != 3 {
		t.Fatal("removed without QUIT")
	}
}

// A command in flight ends well.
func TestShutdownInFlight(t *testing.T) {
	w := &slowWorld{world: newWorld(dialogMail...), started: make(chan struct{}), proceed: make(chan struct{})}
	srv, addr := serve(t, w, false)
	conn := enter(t, addr)
	conn.PrintfLine("DELE 1")
	conn.PrintfLine("QUIT")
	<-w.started
	done := make(chan error, 1)
	go func() { done <- srv.Shutdown(context.Background()) }()
	for !srv.stopping() {
		time.Sleep(time.Millisecond)
	}
	close(w.proceed)
	ask(t, conn, "", "+OK")
	ask(t, conn, "", "+OK Messages removed: 1.")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// What does not end in time is cut.
func TestShutdownCuts(t *testing.T) {
	w := &slowWorld{world: newWorld(dialogMail...), started: make(chan struct{}), proceed: make(chan struct{})}
	srv, addr := serve(t, w, false)
	conn := enter(t, addr)
	conn.PrintfLine("DELE 1")
	conn.PrintfLine("QUIT")
	<-w.started
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if len(w.uids()) != 3 {
		t.Fatal("removed")
	}
}

// slowWorld takes its time for updates.
type slowWorld struct {
	*world
	started, proceed chan struct{}
}

func (w *slowWorld) Login(ctx context.Context, p Peer, user, password string) (Account, error) {
	return slowAccount{w}, nil
}

type slowAccount struct{ w *slowWorld }

func (a slowAccount) Name() string { return "slow" }

func (a slowAccount) Open(ctx context.Context) (Maildrop, error) {
	m, err := a.w.world.Open(ctx)
	return slowDrop{m, a.w}, err
}

type slowDrop struct {
	Maildrop
	w *slowWorld
}

func (d slowDrop) Update(ctx context.Context, fetched, deleted iter.Seq[uint32]) error {
	close(d.w.started)
	select {
	case <-d.w.proceed:
		return d.Maildrop.Update(ctx, fetched, deleted)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestImplicitTLS(t *testing.T) {
	srv, _ := serve(t, newWorld(), true)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(farListener{l}, true)
	raw, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	conn := textproto.NewConn(raw)
	defer conn.Close()
	ask(t, conn, "", "+OK")
	ask(t, conn, "USER ana@example.test", "+OK")
	ask(t, conn, "PASS two words", "+OK")
	ask(t, conn, "CAPA", "+OK")
	if lines, err := conn.ReadDotLines(); err != nil || slices.Contains(lines, "STLS") {
		t.Fatal(lines, err)
	}
}

// While it waits for a command a session has neither a read nor a reply buffer.
func TestNoBuffersWhileIdle(t *testing.T) {
	srv := New(Options{Backend: newWorld(), Log: slog.New(slog.DiscardHandler), Limits: Limits{CommandLine: 1024, PreLoginOctets: 1 << 20}})
	ours, theirs := net.Pipe()
	s := newSession(srv, ours)
	waits := 0
	s.waiting = func() error {
		waits++
		if len(s.in) != smallLine || s.out != nil {
			t.Error("buffers in a wait:", len(s.in), s.out != nil)
		}
		return nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve(t.Context(), false)
	}()
	in := bufio.NewReader(theirs)
	in.ReadString('\n')
	for range 3 {
		io.WriteString(theirs, "NOOP\r\n")
		in.ReadString('\n')
	}
	theirs.Close()
	<-done
	if waits < 4 {
		t.Fatal("waited", waits, "times")
	}
}

// RFC 2449 §6.8: commands that arrive together are answered together, in one write.
func TestPipelinedRepliesAreGathered(t *testing.T) {
	srv := New(Options{Backend: newWorld(), Log: slog.New(slog.DiscardHandler), Limits: Limits{CommandLine: 1024, PreLoginOctets: 1 << 20}})
	conn := &script{in: strings.NewReader(strings.Repeat("LANG en\r\n", 100))}
	s := newSession(srv, conn)
	s.waiting = func() error { return nil }
	s.serve(t.Context(), false)
	if n := strings.Count(conn.out.String(), "+OK en"); n != 100 {
		t.Fatal(n, "replies")
	}
	if conn.writes > 4 { // greeting, the first small read, the rest
		t.Fatal(conn.writes, "writes")
	}
}

// script is a connection whose peer has sent everything before.
type script struct {
	in     io.Reader
	out    strings.Builder
	writes int
	net.Conn
}

func (s *script) Read(p []byte) (int, error) { return s.in.Read(p) }
func (s *script) Write(p []byte) (int, error) {
	s.writes++
	return s.out.Write(p)
}
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) Close() error                     { return nil }

// FuzzSession: whatever a peer sends, every reply is one, and only QUIT removes.
func FuzzSession(f *testing.F) {
	f.Add("USER ana@example.test\r\nPASS two words\r\nLIST\r\nDELE 1\r\nQUIT\r\n")
	f.Add("AUTH PLAIN AGFuYUBleGFtcGxlLnRlc3QAdHdvIHdvcmRz\r\nUIDL\nTOP 2 1\nRETR 3\nDELE 2\nRSET\nSTAT\n")
	f.Add("CAPA\nLANG\nLANG es\nUTF8\nAUTH\nSTLS\nAPOP x y\nNOOP\n")
	f.Add("USER ana@example.test\r\nPASS two words\r\n" + strings.Repeat("RETR 2\r\n", 50))
	f.Fuzz(func(t *testing.T, input string) {
		w := newWorld(dialogMail...)
		srv := New(Options{Backend: w, Log: slog.New(slog.DiscardHandler), KeepDays: func() int { return 0 },
			Limits: Limits{CommandLine: 512, PreLoginOctets: 4096, PreLoginTime: time.Hour, Idle: time.Hour}})
		conn := &script{in: strings.NewReader(input)}
		newSession(srv, conn).serve(t.Context(), false)
		for line := range strings.Lines(conn.out.String()) {
			if !strings.HasSuffix(line, "\r\n") {
				t.Fatalf("line %q", line)
			}
		}
		if !strings.Contains(strings.ToUpper(input), "QUIT") && len(w.uids()) != 3 {
			t.Fatal("removed without QUIT")
		}
		if w.locked {
			t.Fatal("still locked")
		}
	})
}

// FuzzParse: no line is misread.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"USER x", "PASS  a b ", "\tretr 1", "TOP 1 2", "\x16\x03\x01\x02"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		verb, arg := parse(line)
		if strings.ContainsAny(verb, " ") || len(verb)+len(arg) > 3*len(line) {
			t.Fatalf("%q: %q %q", line, verb, arg)
		}
		if n, err := number(arg); err == nil && n < 0 {
			t.Fatal(n)
		}
	})
}
