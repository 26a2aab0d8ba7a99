package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// halfway is a connection on which a command was begun.
type halfway struct {
	net.Conn
	lines *bufio.Scanner
}

func dialHalfway(t *testing.T, addr string) *halfway {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return &halfway{conn, bufio.NewScanner(conn)}
}

// ask sends what is given, and waits for a line that begins as wanted.
func (h *halfway) ask(t *testing.T, send, want string) {
	t.Helper()
	if _, err := io.WriteString(h, send); err != nil {
		t.Fatal(err)
	}
	for h.lines.Scan() {
		if strings.HasPrefix(h.lines.Text(), want) {
			return
		}
	}
	t.Fatalf("after %q no line %q: %v", send, want, h.lines.Err())
}

// SIGTERM: nobody new is let in, who waits is sent away, and commands in flight end well.
func TestSignalLetsCommandsEnd(t *testing.T) {
	t.Parallel()
	data, host := filepath.Join(t.TempDir(), "home.db"), freeAddress()
	buzon(t, "", "domain", "add", "example.test", "--data", data)
	buzon(t, "a long password\n", "account", "add", "ana@example.test", "--data", data)
	cmd := process(t, "--ports", "high", "--listen", host, "--data", data)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
	}

	smtp := dialHalfway(t, host+":10025")
	smtp.ask(t, "EHLO client.test\r\nMAIL FROM:<luis@example.org>\r\nRCPT TO:<ana@example.test>\r\nDATA\r\n", "354 ")
	io.WriteString(smtp, "Subject: by SMTP\r\n\r\nfirst half\r\n")
	imap := dialHalfway(t, host+":10143")
	imap.ask(t, "a LOGIN ana@example.test \"a long password\"\r\n", "a OK")
	const mail = "Subject: by IMAP\r\n\r\nfirst half\r\nsecond half\r\n"
	imap.ask(t, fmt.Sprintf("b APPEND INBOX {%d}\r\n", len(mail)), "+ ")
	io.WriteString(imap, mail[:30])
	waiting := dialHalfway(t, host+":10110")
	waiting.ask(t, "NOOP\r\n", "-ERR")

	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for waiting.lines.Scan() { // until it is sent away
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		conn, err := net.Dial("tcp", host+":10025")
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("new connections are still taken")
		}
	}
	smtp.ask(t, "second half\r\n.\r\n", "250 ")
	imap.ask(t, mail[30:]+"\r\n", "b OK")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got := buzon(t, "", "mailbox", "list", "ana@example.test", "--json", "--data", data); !strings.Contains(got.out, `"messages": 2`) {
		t.Errorf("the two messages are not there: %s", got.out)
	}
}

// A port that is about to be served when everything ends is closed, and nobody waits for it.
func TestShutdownBeforeServe(t *testing.T) {
	t.Parallel()
	a := startTest(t)
	for _, kind := range []smtpKind{receive, submit} {
		s := newSMTP(a.appliance, kind)
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(l, false); err != nil {
			t.Errorf("%v: %v", kind, err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v: the port is open: %v", kind, err)
		}
	}
}
