package clienttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wire is our own side of a protocol, as plain as can be: it checks nothing that the tests are about.
type wire struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr string) (*wire, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	return &wire{conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

// ask sends text and reads a reply, which must start with want.
func (w *wire) ask(text, want string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	for {
		line, err := w.r.ReadString('\n')
		switch {
		case err != nil:
			return err
		case !strings.HasPrefix(line, want):
			return fmt.Errorf("%.60q: got %q, want %q", text, line, want)
		case len(want) != 3 || len(line) < 4 || line[3] != '-': // SMTP has replies of several lines
			return nil
		}
	}
}

// lines reads a multi-line response of POP3, dots unstuffed, line ends kept.
func (w *wire) lines() (string, error) {
	var b strings.Builder
	for {
		line, err := w.r.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if string(line) == ".\r\n" {
			return b.String(), nil
		}
		if line[0] == '.' {
			line = line[1:]
		}
		b.Write(line)
	}
}

// deliver sends mails from the world.
func (b *box) deliver(t *testing.T, mails ...mail) {
	t.Helper()
	w, err := dial(b.addr("smtp"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	steps := [][2]string{{"", "220"}, {"EHLO client.example.org\r\n", "250"}}
	for _, m := range mails {
		from := "MAIL FROM:<someone@example.org>"
		if m.smtputf8 {
			from += " SMTPUTF8"
		}
		steps = append(steps, [2]string{from + "\r\n", "250"}, [2]string{"RCPT TO:<" + m.to + ">\r\n", "250"},
			[2]string{"DATA\r\n", "354"}, [2]string{m.stuffed() + ".\r\n", "250"})
	}
	for _, s := range append(steps, [2]string{"QUIT\r\n", "221"}) {
		if err := w.ask(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// take fetches all mail of somebody over POP3 and removes it.
func (b *box) take(t *testing.T, user string) []string {
	t.Helper()
	w, err := b.login(user)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var n int
	if _, err := fmt.Fprint(w, "STAT\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscanf(w.r, "+OK %d", &n); err != nil {
		t.Fatal(err)
	}
	w.r.ReadString('\n')
	mails := make([]string, n)
	for i := range mails {
		if err := w.ask(fmt.Sprintf("RETR %d\r\n", i+1), "+OK"); err != nil {
			t.Fatal(err)
		}
		if mails[i], err = w.lines(); err != nil {
			t.Fatal(err)
		}
		if err := w.ask(fmt.Sprintf("DELE %d\r\n", i+1), "+OK"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.ask("QUIT\r\n", "+OK"); err != nil {
		t.Fatal(err)
	}
	return mails
}

// login opens a POP3 session. The one before may have dropped its connection without QUIT: its lock takes a moment to go.
func (b *box) login(user string) (*wire, error) {
	w, err := dial(b.addr("pop3"))
	if err != nil {
		return nil, err
	}
	if err := w.ask("", "+OK"); err != nil {
		return w, err
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err := w.ask("USER "+user+"\r\n", "+OK"); err != nil {
			return w, err
		}
		err := w.ask("PASS "+password+"\r\n", "+OK")
		if err == nil || time.Now().After(deadline) || !strings.Contains(err.Error(), "[IN-USE]") {
			return w, err
		}
	}
}

// TestDirect is the yardstick: what our own plain client delivers and fetches is the same.
func TestDirect(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.sends(t, append(kinds(), toJose()), func(t *testing.T, m mail, _ string) { b.deliver(t, m) })
}

// readAll gives the content of all files that patterns find, below the box's folder.
func (b *box) readAll(t *testing.T, patterns ...string) []string {
	t.Helper()
	var all []string
	for _, path := range b.glob(t, patterns...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// glob is the files that patterns find, below the box's folder.
func (b *box) glob(t *testing.T, patterns ...string) []string {
	t.Helper()
	var all []string
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(b.dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, paths...)
	}
	return all
}
