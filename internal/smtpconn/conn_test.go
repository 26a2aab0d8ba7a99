package smtpconn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/emersion/go-smtp"
)

// sink is a backend that keeps what it is given.
type sink struct {
	mu     sync.Mutex
	bodies []string
	rcpts  []string
	errs   []error
	gate   chan struct{} // when set, Data waits for it before it answers
	quick  bool          // Data reads past the library
	narrow bool          // read one octet at a time
}

func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return sinkSession{s, c.Conn().(*Conn)}, nil
}

type sinkSession struct {
	s *sink
	c *Conn
}

func (sinkSession) Reset()                               {}
func (sinkSession) Logout() error                        { return nil }
func (sinkSession) Mail(string, *smtp.MailOptions) error { return nil }
func (x sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.rcpts = append(x.s.rcpts, to)
	return nil
}
func (x sinkSession) Data(r io.Reader) error {
	if x.s.quick {
		r = x.c.Message(r)
	}
	if x.s.narrow {
		r = iotest.OneByteReader(r)
	}
	b, err := io.ReadAll(r)
	if x.s.gate != nil {
		<-x.s.gate
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if err != nil {
		x.s.errs = append(x.s.errs, err)
		return err
	}
	x.s.bodies = append(x.s.bodies, string(b))
	return nil
}

func (s *sink) kept() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.bodies...)
}

func testTLS(t testing.TB) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

type fixture struct {
	*sink
	addr     string
	listener *Listener
	server   *smtp.Server
}

func serve(t testing.TB, change func(*Options)) *fixture {
	t.Helper()
	opt := Options{
		Name: func() string { return "mx.example.test" }, Size: func() int64 { return 1000 }, TLS: testTLS(t),
		Idle: 10 * time.Second, Data: 10 * time.Second, CommandLine: 4096,
	}
	if change != nil {
		change(&opt)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{sink: &sink{}, addr: l.Addr().String(), listener: NewListener(l, opt)}
	f.server = smtp.NewServer(f.sink)
	f.server.Domain = "unused"
	f.server.MaxLineLength = 0
	f.server.ErrorLog = quiet{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.server.Serve(f.listener)
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		f.listener.CloseAll()
		f.server.Shutdown(ctx)
		<-done
	})
	return f
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type client struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func dial(t testing.TB, f *fixture) *client {
	t.Helper()
	c, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{t, c, bufio.NewReader(c)}
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.t.Fatalf("send %q: %v", s, err)
	}
}

// want reads whole replies until one line each of prefixes was seen, in order.
func (c *client) want(prefixes ...string) (all string) {
	c.t.Helper()
	for _, p := range prefixes {
		for {
			line, err := c.r.ReadString('\n')
			all += line
			if err != nil {
				c.t.Fatalf("want %q: %v after %q", p, err, all)
			}
			if len(line) > 3 && line[3] == '-' {
				continue
			}
			if !strings.HasPrefix(line, p) {
				c.t.Fatalf("want %q, got %q", p, line)
			}
			break
		}
	}
	return all
}

func (c *client) wantEOF() {
	c.t.Helper()
	// What we sent and the server did not read turns its close into a reset.
	if rest, err := io.ReadAll(c.r); err != nil && !errors.Is(err, syscall.ECONNRESET) || len(rest) > 0 {
		c.t.Fatalf("want the end of the connection, got %q, %v", rest, err)
	}
}

const envelope = "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n"

func TestDialog(t *testing.T) {
	f := serve(t, nil)
	c := dial(t, f)
	c.want("220 mx.example.test ESMTP Buzon")
	c.send("EHLO me\r\n")
	ehlo := c.want("250 ")
	for _, line := range []string{"250-mx.example.test greets you", "250-STARTTLS", "SIZE 1000"} {
		if !strings.Contains(ehlo, line) {
			t.Errorf("EHLO has no %q:\n%s", line, ehlo)
		}
	}
	// RFC 5321 §4.5.1: postmaster needs no domain.
	c.send("MAIL FROM:<>\r\nrcpt to: <PostMaster>\r\n")
	c.want("250 2.1.0 Sender", "250 2.1.5 Recipient")
	if len(f.rcpts) != 1 || f.rcpts[0] != PostmasterAlone {
		t.Errorf("recipients %q", f.rcpts)
	}
	c.send("DATA\r\n")
	c.want("354 ")
	c.send("STARTTLS\r\n..\r\n.\r\nQUIT\r\n")
	c.want("250 2.0.0 OK", "221 ")
	c.wantEOF()
	if got := f.kept(); len(got) != 1 || got[0] != "STARTTLS\r\n.\r\n" {
		t.Errorf("bodies %q", got)
	}
}

// Where the library sees the end of DATA we see it too, and with the same
// octets before it, however they arrive.
func TestDataEnd(t *testing.T) {
	bodies := []string{"", "x", ".", "\r\n", "a\r\n.b\r\n", "a\n.\nb", "a\r\n.\nb", "a\n.\r\nb", "a\r.\r\nb", "..\r\n\r\n",
		strings.Repeat("line\r\n..\r\n.dot\r\n", 1000)}
	for _, body := range bodies {
		sent := strings.ReplaceAll("\r\n"+body, "\r\n.", "\r\n..")[2:] + "\r\n.\r\n"
		for way := range 3 {
			quick, narrow := way > 0, way > 1
			f := serve(t, nil)
			f.quick, f.narrow = quick, narrow
			c := dial(t, f)
			c.send("HELO me\r\n" + envelope + "DATA\r\n" + sent + "NOOP\r\n" + envelope + "DATA\r\n")
			c.want("220", "250", "250", "250", "354", "250 2.0.0 OK", "250 2.0.0 Still here", "250", "250", "354")
			for _, b := range []byte(sent[max(0, len(sent)-100):]) {
				c.send(string(b))
			}
			c.send("NOOP\r\n")
			c.want("250 2.0.0 OK", "250 2.0.0 Still here")
			if got := f.kept(); len(got) != 2 || got[0] != body+"\r\n" {
				t.Errorf("quick %v, narrow %v: sent %q, got %q", quick, narrow, body, got)
			}
		}
	}
}

// A CR by itself behind a dot is not lost: somebody has to refuse it.
func TestBareCRBehindDot(t *testing.T) {
	f := serve(t, nil)
	f.quick = true
	c := dial(t, f)
	for _, cut := range []int{0, 3, 4, 5} {
		body := "a\r\n.\rb\r\n.\r\n"
		c.send("HELO me\r\n" + envelope + "DATA\r\n" + body[:cut])
		c.send(body[cut:])
	}
	c.want("220")
	for range 4 {
		c.want("250", "250", "250", "354", "250 2.0.0 OK")
	}
	for _, got := range f.kept() {
		if got != "a\r\n\rb\r\n" {
			t.Errorf("got %q", got)
		}
	}
}

// RFC 3207 §6: what came before the handshake is not protected.
func TestStartTLSInjection(t *testing.T) {
	f := serve(t, nil)
	c := dial(t, f)
	c.send("EHLO me\r\nSTARTTLS\r\n" + envelope)
	c.want("220", "250", "554 5.5.1")
	c.wantEOF()
}

func TestStartTLS(t *testing.T) {
	f := serve(t, nil)
	c := dial(t, f)
	c.send("EHLO me\r\nSTARTTLS\r\n")
	c.want("220", "250", "220")
	tc := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	c = &client{t, tc, bufio.NewReader(tc)}
	c.send("EHLO me\r\n")
	if ehlo := c.want("250 "); strings.Contains(ehlo, "STARTTLS") {
		t.Error("STARTTLS is offered twice")
	}
	c.send("STARTTLS\r\n" + envelope + "DATA\r\n")
	c.want("503", "250", "250", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
}

// The end of the connection inside a chunk is not the end of the message.
func TestChunkCut(t *testing.T) {
	f := serve(t, nil)
	c := dial(t, f)
	c.send("EHLO me\r\n" + envelope + "BDAT 100 LAST\r\nhalf")
	c.want("220", "250", "250", "250")
	c.Conn.(*net.TCPConn).CloseWrite()
	c.wantEOF()
	deadline := time.Now().Add(10 * time.Second)
	for {
		f.mu.Lock()
		n, kept := len(f.errs), len(f.bodies)
		f.mu.Unlock()
		if kept > 0 {
			t.Fatalf("a cut message was kept: %q", f.kept())
		}
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the session never heard of the cut")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestChunks(t *testing.T) {
	f := serve(t, nil)
	c := dial(t, f)
	// A chunk may look like commands.
	c.send("EHLO me\r\n" + envelope + "BDAT 10\r\nSTARTTLS\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
	c.want("220", "250", "250", "250", "250", "250 2.0.0 OK", "250 2.0.0 Still here")
	if got := f.kept(); len(got) != 1 || got[0] != "STARTTLS\r\nQUIT\r\n" {
		t.Errorf("bodies %q", got)
	}
	// Refused, it is not run as commands either.
	c.send("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
	c.want("502", "250 2.0.0 Still here")
}

// The library panics on commands after it gave up; they never reach it.
func TestFlood(t *testing.T) {
	f := serve(t, nil)
	c := dial(t, f)
	c.send("EHLO me\r\n" + strings.Repeat("BOGU\r\n", 20) + envelope)
	c.want("220", "250", "500", "500", "500", "500", "500 5.5.1 Too many errors")
	c.wantEOF()
}

func TestLongLine(t *testing.T) {
	f := serve(t, nil)
	c := dial(t, f)
	c.send("EHLO " + strings.Repeat("x", 300) + "\r\nNOOP " + strings.Repeat("x", 4096))
	c.want("220", "501 5.5.4", "500 5.5.2")
	c.wantEOF()
}

func TestUntrusted(t *testing.T) {
	f := serve(t, func(o *Options) { o.UntrustedOctets, o.UntrustedTime = 200, time.Hour })
	c := dial(t, f)
	c.send(strings.Repeat("NOOP xxxxxxxxxxxxxx\r\n", 10))
	c.want("220", "250", "250", "250", "250", "250", "250", "250", "250", "250", "421 4.7.0")

	f = serve(t, func(o *Options) { o.UntrustedTime = 50 * time.Millisecond })
	c = dial(t, f)
	c.want("220", "421 4.4.2")
	c.wantEOF()
}

// A body that stops coming ends the connection; the rest of it is not run as commands.
func TestSlowBody(t *testing.T) {
	f := serve(t, func(o *Options) { o.Data = 50 * time.Millisecond })
	c := dial(t, f)
	c.send("EHLO me\r\n" + envelope + "DATA\r\n")
	c.want("220", "250", "250", "250", "354")
	c.send("first\r\n")
	c.want("421 4.4.2")
	c.wantEOF()
	if f.kept() != nil {
		t.Error("a cut message was kept")
	}
}

func TestDrain(t *testing.T) {
	f := serve(t, nil)
	f.gate = make(chan struct{})
	idle, busy := dial(t, f), dial(t, f)
	idle.send("EHLO me\r\n")
	idle.want("220", "250")
	busy.send("EHLO me\r\n" + envelope + "DATA\r\n")
	busy.want("220", "250", "250", "250", "354")
	f.listener.Drain()
	idle.want("421 4.3.2")
	idle.wantEOF()
	busy.send("body\r\n.\r\n") // a body in flight may end
	close(f.gate)
	busy.want("250 2.0.0 OK", "421 4.3.2")
	busy.wantEOF()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// countWrites tells how many writes a connection took.
type countWrites struct {
	net.Conn
	n int
}

func (c *countWrites) Write(b []byte) (int, error) { c.n++; return c.Conn.Write(b) }

// RFC 2920 §3.2: replies to pipelined commands go out together.
func TestRepliesTogether(t *testing.T) {
	near, far := net.Pipe()
	counted := &countWrites{Conn: far}
	c := newConn(counted, Options{Name: func() string { return "x" }, Size: func() int64 { return 1 }, Idle: time.Minute, Data: time.Minute, CommandLine: 4096}, func() {})
	go func() {
		near.Write([]byte("NOOP\r\nNOOP\r\nNOOP\r\n"))
		io.Copy(io.Discard, near)
	}()
	buf := make([]byte, 100)
	for range 3 {
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
		c.Write([]byte("250 2.0.0 x\r\n"))
	}
	if counted.n != 0 {
		t.Errorf("%d writes before the peer had to wait", counted.n)
	}
	c.Close()
	if counted.n != 1 {
		t.Errorf("%d writes for three replies", counted.n)
	}
	near.Close()
}

// Whatever a peer sends, the library never sees an octet of a body as a command nor panics, and the connection ends.
func FuzzSession(f *testing.F) {
	f.Add([]byte("EHLO me\r\n" + envelope + "DATA\r\nx\r\n.\r\nQUIT\r\n"))
	f.Add([]byte("EHLO me\r\n" + envelope + "BDAT 3\r\nabcBDAT 0 LAST\r\nAUTH PLAIN\r\nSTARTTLS\r\n"))
	f.Add([]byte("HELO\r\nRCPT TO:<postmaster>\r\nMAIL\r\nRSET\r\n\r\n\x00"))
	fix := serve(f, func(o *Options) { o.TLS = nil })
	fix.quick = true
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := net.Dial("tcp", fix.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		go func() {
			io.Copy(c, bytes.NewReader(in))
			c.(*net.TCPConn).CloseWrite()
		}()
		out, err := io.ReadAll(c)
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Fatalf("the connection did not end: %v", err)
		}
		if bytes.Contains(out, []byte("Internal server error")) {
			t.Fatalf("the library panicked: %q", out)
		}
	})
}
