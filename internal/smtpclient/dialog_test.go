package smtpclient

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"buzon/internal/message"
)

// TestDialogs plays testdata/*.txt: a peer by the script, and a Client that does as the script says. The clock is not the
// real one, so that a peer may hang for minutes. Lines of the peer, in their order:
//
//	MX KEY,KEY…  greets, and offers this to EHLO, with _ for a space
//	S: text      a line to the client, which has said no more than was read; S+ text where it may have
//	S> "text"    exactly this, in Go's quoting
//	C: text      a line that the client must send: * at the end stands for anything; C> "text" is exactly this
//	BDAT         a chunk
//	TLS          the peer's side of the handshake
//	DROP         the peer closes
//	EOF          the client closes
//	HANG         nothing more is said; HANGUP: nor read
//
// Lines of the client, in their order; its first step is New:
//
//	| text                a line of the next message; |> "text" is exactly this, |* 9 text repeats it
//	send FROM TO,TO KEY…  Send; keys are 8BITMIME, BINARYMIME, 7BIT, utf8, requiretls, resign, ret=, envid=, notify=, orcpt=
//	= 250 2.0.0 text      the reply to the next recipient; * at the end stands for anything
//	starttls, auth USER PASSWORD, oauth USER TOKEN, plaintext USER PASSWORD
//	! STAGE text          the last step (New if none) failed there, with this in its error; "uncertain" must be told
//	took 5m               how long the last step took, at least
//	unusable, close
func TestDialogs(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no dialogs: %v", err)
	}
	cert := certificate(t)
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// A file holds several dialogs, each with its name.
		for part := range strings.SplitSeq(string(text), "\n== ") {
			name, script, _ := strings.Cut(part, "\n")
			name = strings.TrimSuffix(filepath.Base(path), ".txt") + "/" + strings.Trim(name, "= ")
			if strings.TrimSpace(script) == "" || strings.HasPrefix(part, "#") {
				continue // what the file is about
			}
			t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { play(t, script, cert) })
			})
		}
	}
}

func play(t *testing.T, script string, cert tls.Certificate) {
	ours, theirs := net.Pipe()
	p := &peer{t: t, conn: theirs, in: bufio.NewReader(theirs), cert: cert, over: make(chan struct{})}
	d := &driver{t: t, conn: ours, roots: cert}
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		word, _, _ := strings.Cut(line, " ")
		switch {
		case word == "" || word == "#":
		case strings.HasPrefix(word, "S") || strings.HasPrefix(word, "C"), word == "MX", word == "TLS", word == "DROP", word == "EOF", strings.HasPrefix(word, "HANG"), word == "BDAT":
			p.lines = append(p.lines, line)
		default:
			d.lines = append(d.lines, line)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.run()
	}()
	d.run()
	close(p.over)
	<-done
}

// driver does what the script asks of the client.
type driver struct {
	t       *testing.T
	lines   []string
	conn    net.Conn
	roots   tls.Certificate
	c       *Client
	body    strings.Builder
	replies []message.Reply
	err     error
	took    time.Duration
}

func (d *driver) run() {
	d.step(func() (err error) {
		d.c, err = New(d.t.Context(), d.conn, "mx.example.test", Options{Hello: "box.example.test", Dir: d.t.TempDir()})
		return err
	})
	for _, line := range d.lines {
		if !d.line(line) {
			break
		}
	}
	if d.err != nil {
		d.t.Errorf("the last step failed: %v", d.err)
	}
	if len(d.replies) > 0 {
		d.t.Errorf("replies that the script does not have: %v", d.replies)
	}
	if d.c != nil {
		d.c.Close()
	}
}

func (d *driver) step(f func() error) {
	if d.err != nil || len(d.replies) > 0 {
		d.t.Errorf("what the script does not have: %v %v", d.err, d.replies)
	}
	begin := time.Now()
	d.err = f()
	d.took = time.Since(begin)
}

func (d *driver) line(line string) (ok bool) {
	word, rest, _ := strings.Cut(line, " ")
	ctx := d.t.Context()
	fields := strings.Fields(rest)
	switch word {
	case "|":
		d.body.WriteString(rest + "\r\n")
	case "|>":
		raw, err := strconv.Unquote(rest)
		d.must(err)
		d.body.WriteString(raw)
	case "|*":
		n, err := strconv.Atoi(fields[0])
		d.must(err)
		d.body.WriteString(strings.Repeat(strings.Join(fields[1:], " ")+"\r\n", n))
	case "send":
		m := d.mail(fields)
		d.step(func() (err error) { d.replies, err = d.c.Send(ctx, m); return err })
	case "=":
		if len(d.replies) == 0 || !matches(strings.TrimSpace(d.replies[0].Error()), rest) {
			d.t.Errorf("replies %v, want %q", d.replies, rest)
			return false
		}
		d.replies = d.replies[1:]
	case "!":
		return d.failed(rest)
	case "took":
		want, err := time.ParseDuration(rest)
		if err != nil || d.took < want || d.took > want+10*time.Second {
			d.t.Errorf("took %v, want %v", d.took, want)
		}
	case "starttls":
		d.step(func() error { return d.c.StartTLS(ctx, &tls.Config{RootCAs: pool(d.roots)}) })
	case "auth", "plaintext", "oauth":
		l := Login{User: fields[0], Password: fields[1], OAuth: word == "oauth", Plaintext: word == "plaintext"}
		d.step(func() error { return d.c.Auth(ctx, l) })
	case "unusable":
		if d.c.Usable() {
			d.t.Error("the connection is still usable")
		}
	case "usable":
		if !d.c.Usable() {
			d.t.Error("the connection is not usable")
		}
	case "close":
		d.must(d.c.Close())
	default:
		d.t.Errorf("not a step: %q", line)
	}
	return true
}

func (d *driver) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Error(err)
	}
}

// failed checks the error of the last step.
func (d *driver) failed(want string) bool {
	stage, text, _ := strings.Cut(want, " ")
	text, uncertain := strings.CutPrefix(text, "uncertain")
	var e *Error
	if !errors.As(d.err, &e) || e.Stage != stage || e.Uncertain != uncertain || !strings.Contains(e.Error(), strings.TrimSpace(text)) {
		d.t.Errorf("error %v (%+v), want %q", d.err, e, want)
		return false
	}
	d.err = nil
	return true
}

// mail reads the words of "send".
func (d *driver) mail(fields []string) Mail {
	m := Mail{Body: io.NewSectionReader(strings.NewReader(d.body.String()), 0, int64(d.body.Len()))}
	d.body.Reset()
	if fields[0] != "<>" {
		m.From = d.address(fields[0])
	}
	for to := range strings.SplitSeq(fields[1], ",") {
		m.To = append(m.To, Recipient{Address: d.address(to)})
	}
	for _, word := range fields[2:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "utf8":
			m.UTF8 = true
		case "requiretls":
			m.RequireTLS = true
		case "resign":
			m.Resign = func(body *io.SectionReader) ([]byte, error) {
				return fmt.Appendf(nil, "DKIM-Signature: of %d octets\r\n", body.Size()), nil
			}
		case "ret":
			m.Return = value
		case "envid":
			m.EnvID = value
		case "notify":
			m.To[0].Notify = value
		case "orcpt":
			m.To[0].Original = value
		default:
			m.BodyType = key
		}
	}
	return m
}

func (d *driver) address(s string) message.Address {
	a, err := message.ParseAddress(s)
	d.must(err)
	return a
}
