package imap

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"
)

// compressor is a client's end of COMPRESS over the libraries' DEFLATE.
type compressor struct {
	net.Conn
	r io.Reader
	w *flate.Writer

	out bytes.Buffer // the writer writes in pieces; to flush is one write
}

func (c *compressor) Read(p []byte) (int, error) { return c.r.Read(p) }

func (c *compressor) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err == nil {
		err = c.w.Flush()
	}
	if err == nil {
		_, err = c.out.WriteTo(c.Conn)
	}
	return n, err
}

// compressed starts COMPRESS on a client that is logged in.
func (c *testClient) compressed(t testing.TB) *testClient {
	t.Helper()
	c.send(t, "z COMPRESS DEFLATE\r\n")
	c.expect(t, "z OK DEFLATE active.")
	conn := &compressor{Conn: c.Conn, r: flate.NewReader(c.Conn)}
	var err error
	if conn.w, err = flate.NewWriter(&conn.out, 1); err != nil {
		t.Fatal(err)
	}
	return &testClient{conn, bufio.NewReaderSize(conn, 512)}
}

func (c *testClient) login(t testing.TB) {
	t.Helper()
	c.expect(t, "* OK ...")
	c.send(t, "x LOGIN ana secret\r\n")
	c.expect(t, "x OK ...")
}

// RFC 4978 §3, and what it may be combined with.
func TestCompress(t *testing.T) {
	limits := DefaultLimits()
	limits.Compressed = 1
	s := &Server{Backend: newFake(), Limits: limits, TLS: testTLS(t)}
	other := dial(t, s, nil)
	other.login(t)
	c := dial(t, s, nil)
	c.expect(t, "* OK ...")
	c.send(t, "a COMPRESS DEFLATE\r\n")
	c.expect(t, "a BAD Please log in first.")
	c.send(t, "x LOGIN ana secret\r\n")
	c.expect(t, "x OK [CAPABILITY ... COMPRESS=DEFLATE ...")
	for _, say := range []string{"a COMPRESS", "a COMPRESS GZIP", "a COMPRESS DEFLATE 9"} {
		c.send(t, say+"\r\n")
		c.expect(t, "a BAD ...")
	}
	c.send(t, "a COMPRESS DEFLATE\r\nb NOOP\r\n")
	c.expect(t, "a BAD ...")
	c.expect(t, "b OK ...")

	c = c.compressed(t)
	c.send(t, "a COMPRESS DEFLATE\r\nb STARTTLS\r\nc CAPABILITY\r\n")
	c.expect(t, "a NO [COMPRESSIONACTIVE] ...")
	c.expect(t, "b BAD ...")
	if line := c.line(); strings.Contains(line, "COMPRESS") {
		t.Error(line)
	}
	c.expect(t, "c OK ...")
	other.send(t, "a COMPRESS DEFLATE\r\nb NOOP\r\n")
	other.expect(t, "a BAD ...")
	other.expect(t, "b OK ...")
	other.send(t, "a COMPRESS DEFLATE\r\n")
	other.expect(t, "a NO [LIMIT] ...")
	c.send(t, "a LOGOUT\r\n")
	c.expect(t, "* BYE ...")
	c.expect(t, "a OK ...")
	c.Close()
	waitFor(t, func() bool {
		other.send(t, "z COMPRESS DEFLATE\r\n")
		return strings.HasPrefix(other.line(), "z OK")
	})
}

// waitFor asks until the answer is yes.
func waitFor(t testing.TB, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("waited for nothing")
}

// The limits count what comes out of the compression: a bomb is not larger than its octets.
func TestCompressionBomb(t *testing.T) {
	for name, say := range map[string]string{
		"endless line":    "a NOOP " + strings.Repeat("a", 1<<20),
		"refused literal": "a LIST {200000000+}\r\n" + strings.Repeat("a", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, &Server{Backend: newFake()}, nil)
			c.login(t)
			c = c.compressed(t)
			go io.WriteString(c.Conn, say)
			got := c.line()
			for strings.HasPrefix(got, "a ") {
				got = c.line()
			}
			if !strings.HasPrefix(got, "* BYE") {
				t.Errorf("no BYE: %s", got)
			}
		})
	}
}

// RFC 8437 §4.1: the compression ends with the log-in.
func TestUnauthenticateCompressed(t *testing.T) {
	c := dial(t, &Server{Backend: newFake()}, nil)
	c.login(t)
	plain := c
	c = c.compressed(t)
	c.send(t, "a UNAUTHENTICATE\r\n")
	c.expect(t, "a OK ...")
	plain.r = bufio.NewReader(plain.Conn)
	plain.send(t, "b NOOP\r\nx LOGIN ana secret\r\n")
	// The end of the compressed octets came with the answer, before this one.
	plain.expect(t, "...b OK ...")
	plain.expect(t, "x OK ...")
	plain.compressed(t)
}

// A peer with C zlib gets an answer however it flushes.
func TestCompressWithZlib(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("no python3 here, whose zlib would be the peer")
	} else if err != nil {
		t.Fatal(err)
	}
	for _, flush := range []string{"Z_PARTIAL_FLUSH", "Z_SYNC_FLUSH", "Z_FULL_FLUSH"} {
		t.Run(flush, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			converse(t, f, zlibPeer(t, python, f, flush))
		})
	}
}

// zlibPeer is a client whose conversation is compressed on its way by testdata/peer/deflate.py.
func zlibPeer(t *testing.T, python string, f *fakeBackend, flush string) *testClient {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Backend: f}
	go s.Serve(l)
	t.Cleanup(func() { s.Shutdown(t.Context()) })
	relay := exec.Command(python, "testdata/peer/deflate.py", fmt.Sprint(l.Addr().(*net.TCPAddr).Port), flush)
	relay.Stderr = os.Stderr
	out, err := relay.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := relay.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		relay.Process.Kill()
		relay.Wait()
	})
	port := 0
	if _, err := fmt.Fscan(out, &port); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &testClient{conn, bufio.NewReader(conn)}
}

// converse uses everything that waits for the client: commands, literals, IDLE.
func converse(t *testing.T, f *fakeBackend, c *testClient) {
	t.Helper()
	large := strings.Repeat("Subject: x\r\n\r\n"+strings.Repeat("All work and no play. ", 50)+"\r\n", 100)
	c.send(t, fmt.Sprintf("a APPEND INBOX {%d}\r\n", len(large)))
	c.expect(t, "+ ...")
	c.send(t, large+"\r\n")
	c.expect(t, "a OK ...")
	c.send(t, "a SELECT INBOX\r\n")
	for line := c.line(); !strings.HasPrefix(line, "a OK"); line = c.line() {
		if strings.HasSuffix(line, "EOF") || line == "(nothing)" {
			t.Fatal(line)
		}
	}
	c.send(t, "a FETCH 1 BODY.PEEK[]\r\n")
	c.expect(t, fmt.Sprintf("* 1 FETCH (BODY[] {%d}", len(large)))
	got := make([]byte, len(large))
	if _, err := io.ReadFull(c.r, got); err != nil || string(got) != large {
		t.Fatal("the literal differs", err)
	}
	c.expect(t, ")")
	c.expect(t, "a OK ...")
	for i := range 100 {
		c.send(t, fmt.Sprintf("a%d IDLE\r\n", i))
		c.expect(t, "+ ...")
		f.deliver("INBOX", testMessage)
		c.expect(t, "* ... EXISTS")
		c.expect(t, "* ... RECENT")
		c.send(t, "DONE\r\n")
		c.expect(t, fmt.Sprintf("a%d OK ...", i))
		c.send(t, strings.Repeat("b", i+1)+" NOOP\r\n")
		c.expect(t, "b... OK ...")
	}
}
