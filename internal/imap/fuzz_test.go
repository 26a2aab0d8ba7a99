package imap

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// scriptConn is a client that has said everything already.
type scriptConn struct {
	in  *bytes.Reader
	out bytes.Buffer
}

func (c *scriptConn) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *scriptConn) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *scriptConn) Close() error                     { return nil }
func (c *scriptConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv6loopback} }
func (c *scriptConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv6loopback} }
func (c *scriptConn) SetDeadline(time.Time) error      { return nil }
func (c *scriptConn) SetReadDeadline(time.Time) error  { return nil }
func (c *scriptConn) SetWriteDeadline(time.Time) error { return nil }

// panicLog fails the test when the server logs a panic.
type panicLog struct{ t testing.TB }

func (panicLog) Enabled(context.Context, slog.Level) bool { return true }
func (p panicLog) WithAttrs([]slog.Attr) slog.Handler     { return p }
func (p panicLog) WithGroup(string) slog.Handler          { return p }
func (p panicLog) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "panicked") {
		r.Attrs(func(a slog.Attr) bool { p.t.Errorf("%s: %s", a.Key, a.Value); return true })
	}
	return nil
}

// FuzzSession feeds a whole session after its log-in: no panic, and no line but a literal's that is not CRLF-ended.
func FuzzSession(f *testing.F) {
	for _, script := range dialogScripts(f) {
		f.Add([]byte(script))
	}
	for _, script := range recordedSessions(f) {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		back := newFake()
		for range 3 {
			back.deliver("INBOX", testMessage, `\Seen`, "Work")
		}
		limits := DefaultLimits()
		limits.PreLoginOctets = 1 << 20
		s := &Server{Backend: back, Limits: limits, Log: slog.New(panicLog{t})}
		c := &scriptConn{in: bytes.NewReader(append([]byte("x LOGIN ana secret\r\nx SELECT INBOX\r\n"), script...))}
		s.ServeConn(c)
		if out := c.out.Bytes(); !bytes.HasSuffix(out, []byte("\r\n")) {
			t.Errorf("the last line has no end: %q", out[max(0, len(out)-80):])
		}
	})
}

// recordedSessions is what mail programs say, see testdata/sessions/README.
func recordedSessions(t testing.TB) map[string][]byte {
	files, err := filepath.Glob("testdata/sessions/*")
	if err != nil || len(files) < 2 {
		t.Fatal("no sessions", err)
	}
	sessions := make(map[string][]byte)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(file); name != "README" {
			sessions[name] = text
		}
	}
	return sessions
}

// TestRecordedSessions runs them: no command of a mail program is nonsense to us.
func TestRecordedSessions(t *testing.T) {
	for name, script := range recordedSessions(t) {
		back := newFake()
		for range 3 {
			back.deliver("INBOX", testMessage, `\Seen`, "Work")
		}
		back.add("Archive", `\Archive`)
		for range 4 {
			back.deliver("Archive", testMessage)
		}
		back.add("Junk", `\Junk`)
		limits := DefaultLimits()
		limits.PreLoginOctets = 1 << 20
		s := &Server{Backend: back, Limits: limits, Log: slog.New(panicLog{t})}
		if name == "everything" {
			script = append([]byte("x LOGIN ana secret\r\nx SELECT INBOX\r\n"), script...)
		}
		c := &scriptConn{in: bytes.NewReader(script)}
		s.ServeConn(c)
		for line := range strings.Lines(c.out.String()) {
			if strings.Contains(line, " BAD ") && name != "everything" && !strings.Contains(line, "COMPRESS") {
				t.Errorf("%s: %s", name, line)
			}
		}
		if testing.Verbose() {
			t.Logf("%s:\n%s", name, c.out.String())
		}
	}
}

// dialogScripts is what the clients of the dialogs say.
func dialogScripts(t testing.TB) []string {
	files, err := filepath.Glob("testdata/dialogs/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var scripts []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range strings.Split(string(text), "\n-- ") {
			var b strings.Builder
			for _, line := range strings.Split(c, "\n") {
				if said, ok := strings.CutPrefix(line, "C-: "); ok {
					io.WriteString(&b, said)
				} else if said, ok := strings.CutPrefix(line, "C: "); ok {
					io.WriteString(&b, said+"\r\n")
				} else if line == "C:" {
					io.WriteString(&b, "\r\n")
				}
			}
			scripts = append(scripts, b.String())
		}
	}
	return scripts
}
