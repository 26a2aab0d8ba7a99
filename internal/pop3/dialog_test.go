package pop3

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// dialogMail is what ana has in every dialog.
var dialogMail = []string{
	"Subject: one\r\n\r\nHello.\r\n",
	"Subject: dots\r\n\r\n.\r\n..two\r\nthree\r\nno end",
	"Subject: three\r\n\r\nline 1\r\nline 2\r\nline 3\r\n",
}

// TestDialogs plays testdata/*.txt. A script has comments (#), directives (first words "far": the peer is not on loopback;
// "then": UIDs in the maildrop afterwards), and these lines:
//
//	C: sent with CRLF; C lines in a row are one write
//	S: expected; a final * stands for any rest
//	TLS  the client's handshake
//	GONE uid  another program removes a message
//	EOF  the server has closed, or hang up when it is the last line and the server has not
func TestDialogs(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			play(t, string(text))
		})
	}
}

func play(t *testing.T, script string) {
	w := newWorld(dialogMail...)
	_, addr := serve(t, w, strings.Contains(script, "\nfar\n"))
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	d := &dialog{t: t, w: w, conn: conn, in: bufio.NewReader(conn)}
	defer func() { d.conn.Close() }()
	for line := range strings.Lines(script) {
		d.line(strings.TrimRight(line, "\n"))
	}
	d.flush()
}

type dialog struct {
	t    *testing.T
	w    *world
	conn net.Conn
	in   *bufio.Reader
	out  strings.Builder
}

func (d *dialog) line(line string) {
	d.t.Helper()
	word, rest, _ := strings.Cut(line, " ")
	if word != "C:" {
		d.flush()
	}
	switch word {
	case "C:":
		d.out.WriteString(rest + "\r\n")
	case "S:":
		d.expect(rest)
	case "TLS":
		conn := tls.Client(d.conn, &tls.Config{InsecureSkipVerify: true})
		d.conn, d.in = conn, bufio.NewReader(conn)
	case "GONE":
		n, err := number(rest)
		if err != nil {
			d.t.Fatal(err)
		}
		d.w.remove(uint32(n))
	case "EOF":
		if s, err := d.in.ReadString('\n'); !errors.Is(err, io.EOF) {
			d.t.Fatalf("got %q %v, want the end", s, err)
		}
	case "then":
		d.then(rest)
	case "far", "", "#":
	default:
		d.t.Fatalf("cannot read %q", line)
	}
}

func (d *dialog) flush() {
	if d.out.Len() > 0 {
		io.WriteString(d.conn, d.out.String())
		d.out.Reset()
	}
}

func (d *dialog) expect(want string) {
	d.t.Helper()
	d.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := d.in.ReadString('\n')
	if err != nil {
		d.t.Fatalf("got %q %v, want %q", got, err, want)
	}
	got, crlf := strings.CutSuffix(got, "\r\n")
	prefix, open := strings.CutSuffix(want, "*")
	if !crlf || open && !strings.HasPrefix(got, prefix) || !open && got != want {
		d.t.Fatalf("got  %q\nwant %q", got, want)
	}
}

// then closes the connection and waits until the maildrop is as it should be.
func (d *dialog) then(want string) {
	d.t.Helper()
	d.conn.Close()
	var uids []uint32
	for _, f := range strings.Fields(want) {
		n, _ := number(f)
		uids = append(uids, uint32(n))
	}
	for range 1000 {
		m, err := d.w.Open(d.t.Context())
		if err == nil { // the session is over
			m.Close()
			break
		}
		time.Sleep(time.Millisecond)
	}
	if got := d.w.uids(); !slices.Equal(got, uids) {
		d.t.Fatalf("maildrop has %v, want %v", got, uids)
	}
}
