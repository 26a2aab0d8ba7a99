package imap

import (
	"bufio"
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
	"runtime"
	"strings"
	"testing"
	"time"
)

// testTLS is a server's configuration with a certificate of its own.
func testTLS(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mail.example.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func (c *testClient) expect(t testing.TB, pattern string) {
	t.Helper()
	if got := c.line(); !matchLine(pattern, got) {
		t.Fatalf("want %s\ngot  %s", pattern, got)
	}
}

// secure makes the client's side a TLS one.
func (c *testClient) secure(t testing.TB) *testClient {
	t.Helper()
	conn := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	return &testClient{conn, bufio.NewReader(conn)}
}

var away = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}

// STARTTLS forgets what was pipelined in plain text (CVE-2011-0411).
func TestStartTLS(t *testing.T) {
	s := &Server{Backend: newFake(), TLS: testTLS(t)}
	c := dial(t, s, away)
	c.expect(t, "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR STARTTLS LOGINDISABLED ...")
	c.send(t, "a STARTTLS\r\nevil LOGIN ana secret\r\n")
	c.expect(t, "a OK ...")
	c = c.secure(t)
	c.send(t, "b STARTTLS\r\nc CAPABILITY\r\nd LOGIN ana secret\r\n")
	c.expect(t, "b BAD ...")
	c.expect(t, "* CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE AUTH=PLAIN")
	c.expect(t, "c OK ...")
	c.expect(t, "d OK ...")
}

// A bell that rings while half a TLS record is there must not spoil the connection.
func TestRingWithinTLSRecord(t *testing.T) {
	f := newFake()
	s := &Server{Backend: f}
	ours, theirs := socketPair(t)
	slow := &slowWriter{Conn: ours}
	go s.ServeConn(tls.Server(theirs, testTLS(t)))
	t.Cleanup(func() { ours.Close() })
	c := (&testClient{Conn: slow}).secure(t)
	c.expect(t, "* OK ...")
	c.send(t, "a LOGIN ana secret\r\nb SELECT INBOX\r\nc IDLE\r\n")
	for !strings.HasPrefix(c.line(), "+") {
	}
	for i := range 20 {
		slow.half = func() {
			f.deliver("INBOX", testMessage)
			time.Sleep(2 * time.Millisecond)
		}
		c.send(t, "DONE\r\n")
		slow.half = nil
		c.expect(t, "* ... EXISTS")
		c.expect(t, "* ... RECENT")
		c.expect(t, "c OK ...")
		c.send(t, "c IDLE\r\n")
		c.expect(t, "+ ...")
		_ = i
	}
}

// slowWriter sends each write in two halves, with half called between them.
type slowWriter struct {
	net.Conn
	half func()
}

func (w *slowWriter) Write(p []byte) (int, error) {
	if w.half == nil {
		return w.Conn.Write(p)
	}
	n, err := w.Conn.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	w.half()
	m, err := w.Conn.Write(p[len(p)/2:])
	return n + m, err
}

// Shutdown says BYE to who waits, and lets a command in flight end.
func TestShutdown(t *testing.T) {
	s := &Server{Backend: newFake()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	connect := func(script string) *testClient {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c := &testClient{conn, bufio.NewReader(conn)}
		c.expect(t, "* OK ...")
		c.send(t, script)
		return c
	}
	waiting := connect("")
	idle := connect("a LOGIN ana secret\r\nb IDLE\r\n")
	idle.expect(t, "a OK ...")
	idle.expect(t, "+ ...")
	busy := connect("a LOGIN ana secret\r\nb APPEND INBOX {5}\r\n")
	busy.expect(t, "a OK ...")
	busy.expect(t, "+ ...")

	ended := make(chan error)
	go func() { ended <- s.Shutdown(t.Context()) }()
	waiting.expect(t, "* BYE ...")
	waiting.expect(t, "EOF")
	idle.expect(t, "* BYE ...")
	if err := <-served; !errors.Is(err, ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
	busy.send(t, "hello\r\n")
	busy.expect(t, "b OK ...")
	busy.expect(t, "* BYE ...")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Shutdown does not wait longer than it may.
func TestShutdownCutsOff(t *testing.T) {
	s := &Server{Backend: newFake()}
	c := dial(t, s, nil)
	c.expect(t, "* OK ...")
	c.send(t, "a LOGIN ana secret\r\nb APPEND INBOX {5}\r\n")
	c.expect(t, "a OK ...")
	c.expect(t, "+ ...")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if got := c.line(); !strings.HasSuffix(got, "EOF") {
		t.Error(got)
	}
}

// Waiting ends: before log-in, between commands, in IDLE, within a command.
func TestTimeouts(t *testing.T) {
	l := DefaultLimits()
	l.PreLoginTime, l.Idle, l.Busy = 100*time.Millisecond, 100*time.Millisecond, 50*time.Millisecond
	s := &Server{Backend: newFake(), Limits: l}
	for _, script := range []string{
		"",
		"a NOO",
		"a LOGIN ana {5}\r\n",
		"a LOGIN ana secret\r\n",
		"a LOGIN ana secret\r\nb IDLE\r\n",
		"a LOGIN ana secret\r\nb APPEND INBOX {1000}\r\nx",
	} {
		c := dial(t, s, nil)
		c.send(t, script)
		got := c.line()
		for !strings.HasPrefix(got, "* BYE") && !strings.HasSuffix(got, "EOF") {
			got = c.line()
		}
		if !strings.HasPrefix(got, "* BYE") {
			t.Errorf("%q: no BYE: %s", script, got)
		}
	}
}

// What a stranger sends costs little memory: 10 MB of garbage, an endless
// line, literals of a gigabyte.
func TestHostileBeforeLogin(t *testing.T) {
	garbage := strings.Repeat("garbage ", 1<<17)
	for name, send := range map[string]string{
		"endless line":       "a NOOP " + garbage,
		"garbage lines":      strings.Repeat("garbage garbage\r\n", 1<<16),
		"empty lines":        strings.Repeat("\r\n", 1<<19),
		"announced literal":  "a LOGIN {1073741824}\r\n" + garbage,
		"pushed literal":     "a LOGIN {1073741824+}\r\n" + garbage,
		"pushed, plausible":  "a LOGIN {4097+}\r\n" + garbage,
		"many literals":      strings.Repeat("a LOGIN {4096+}\r\n"+garbage[:4096]+" x\r\n", 256),
		"literal in literal": "a LOGIN " + strings.Repeat("{1+}\r\nx", 1<<17),
		"NUL":                strings.Repeat("\x00", 1<<20),
		"authenticate":       "a AUTHENTICATE PLAIN\r\n" + garbage,
		"ID":                 "a ID (" + strings.Repeat(`"a" "b" `, 1<<17),
	} {
		t.Run(name, func(t *testing.T) {
			s := &Server{Backend: newFake()}
			c := dial(t, s, nil)
			octets := []byte(send)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			go func() {
				for range 10 {
					if _, err := c.Write(octets); err != nil {
						return
					}
				}
				c.Conn.(*net.TCPConn).CloseWrite()
			}()
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			said, err := io.ReadAll(c.r)
			if errors.Is(err, io.ErrNoProgress) || strings.Contains(string(said), "OK Welcome") {
				t.Fatalf("%v\n%.500s", err, said)
			}
			runtime.ReadMemStats(&after)
			// Half of it is the buffers, which another connection will use.
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 256<<10 {
				t.Errorf("cost %d octets", spent)
			}
		})
	}
}

// After log-in a refused literal is thrown away or costs the connection; it is never run.
func TestRefusedLiterals(t *testing.T) {
	for _, start := range []string{
		"b LIST \"\" ", "b CREATE ", "b NOSUCH ", "b STATUS Sent (X) ", "b SELECT ", "b SEARCH SUBJECT ",
		"b APPEND nowhere ", "b APPEND INBOX (\\Seen) \"bad date\" ", "b COPY 1 ", "b ENABLE ", "b ) ", "", "b \"",
	} {
		for _, size := range []int{20, 4096, 5000, 70000, 2 << 20} {
			f := newFake()
			c := dial(t, &Server{Backend: f}, nil)
			hidden := "c DELETE Sent\r\n"
			hidden = strings.Repeat(hidden, 1+size/len(hidden))[:size]
			go func() {
				io.WriteString(c.Conn, "a LOGIN ana secret\r\n"+start+"{"+itoa(size)+"+}\r\n"+hidden+"\r\nd LOGOUT\r\n")
			}()
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			said, _ := io.ReadAll(c.r)
			f.mu.Lock()
			if f.boxes["Sent"] == nil {
				t.Errorf("%q with %d octets ran what it held:\n%s", start, size, said)
			}
			f.mu.Unlock()
		}
	}
}

func itoa(n int) string { return string(appendNumber(nil, uint32(n))) }
