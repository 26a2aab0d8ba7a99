package imap

import (
	"bufio"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Dialogs are scripts in testdata/dialogs, one file a command or theme, many
// cases a file:
//
//	-- name (login, select)     a case: a fresh backend; log in and select INBOX first; also: insecure, hide=CAP+CAP, literal- (LITERAL+ hidden)
//	C: text                     the client sends a line; C2: is another client
//	C-: text                    the client sends text without an end of line
//	S: text                     the server's next line; "..." stands for anything
//	S~ text                     the same, after any number of untagged lines
//	S: EOF                      the server has closed
//	! deliver BOX FLAGS...      somebody else delivers; also: flags BOX UID FLAGS..., remove BOX UID,
//	                            mailbox NAME [USE], noselect NAME, subscribed NAME, delete NAME, rename NAME NAME
//	# comment
func TestDialogs(t *testing.T) {
	files, err := filepath.Glob("testdata/dialogs/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no dialogs", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, c := range strings.Split("\n"+string(text), "\n-- ")[1:] {
			header, script, _ := strings.Cut(c, "\n")
			name, options, _ := strings.Cut(strings.TrimSuffix(header, ")"), "(")
			t.Run(base+"/"+strings.TrimSpace(name), func(t *testing.T) {
				t.Parallel()
				runDialog(t, script, options)
			})
		}
	}
}

const testMessage = "From: Luis <luis@example.test>\r\nTo: ana@example.test\r\nSubject: hello\r\n" +
	"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.test>\r\n\r\nHow are you?\r\n"

// dialog is one script being run.
type dialog struct {
	t       *testing.T
	f       *fakeBackend
	server  *Server
	remote  net.Addr
	clients map[string]*testClient
}

type testClient struct {
	net.Conn
	r *bufio.Reader
}

func runDialog(t *testing.T, script, options string) {
	d := &dialog{t: t, f: newFake(), clients: map[string]*testClient{}}
	d.server = &Server{Backend: d.f, Name: "mail.example.test", Version: "1.0", Log: slog.New(slog.DiscardHandler)}
	setUp := ""
	for _, o := range strings.Split(options, ",") {
		switch o = strings.TrimSpace(o); {
		case o == "login":
			setUp += "S: * OK [CAPABILITY ...\nC: x LOGIN ana secret\nS: x OK ...\n"
		case o == "select":
			setUp += "C: x SELECT INBOX\nS~ x OK [READ-WRITE] ...\n"
		case o == "examine":
			setUp += "C: x EXAMINE INBOX\nS~ x OK [READ-ONLY] ...\n"
		case o == "three":
			setUp += "! deliver INBOX\n! deliver INBOX \\Seen\n! deliver INBOX\n"
		case o == "literal-":
			d.f.hidden = []string{"LITERAL+"}
		case o == "insecure":
			d.remote = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}
		case strings.HasPrefix(o, "hide="):
			d.f.hidden = strings.Split(strings.TrimPrefix(o, "hide="), "+")
		}
	}
	for i, line := range strings.Split(setUp+script, "\n") {
		d.step(i+1-strings.Count(setUp, "\n"), line)
	}
}

var stepForm = regexp.MustCompile(`^([CS])(\d?)(-:|:|~) ?(.*)$`)

func (d *dialog) step(n int, line string) {
	d.t.Helper()
	if action, ok := strings.CutPrefix(line, "! "); ok {
		d.act(strings.Fields(action))
		return
	}
	if line = strings.TrimRight(line, " "); line == "" || strings.HasPrefix(line, "#") {
		return
	}
	m := stepForm.FindStringSubmatch(line)
	if m == nil {
		d.t.Fatalf("line %d: %q is not a step", n, line)
	}
	c := d.client(m[2])
	switch m[1] + m[3] {
	case "C:":
		c.send(d.t, m[4]+"\r\n")
	case "C-:":
		c.send(d.t, m[4])
	case "S:":
		if got := c.line(); !matchLine(m[4], got) {
			d.t.Fatalf("line %d:\nwant %s\ngot  %s", n, m[4], got)
		}
	case "S~":
		d.find(n, c, m[4])
	}
}

func (d *dialog) find(n int, c *testClient, want string) {
	d.t.Helper()
	for {
		got := c.line()
		if matchLine(want, got) {
			return
		}
		if !strings.HasPrefix(got, "*") {
			d.t.Fatalf("line %d:\nwant %s\ngot  %s", n, want, got)
		}
	}
}

func matchLine(pattern, line string) bool {
	parts := strings.Split(pattern, "...")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^(?s:" + strings.Join(parts, ".*") + ")$").MatchString(line)
}

func (d *dialog) client(name string) *testClient {
	d.t.Helper()
	if c := d.clients[name]; c != nil {
		return c
	}
	c := dial(d.t, d.server, d.remote)
	d.clients[name] = c
	return c
}

// dial connects to the server over a real socket; remote is what the server takes for the peer's address.
func dial(t testing.TB, s *Server, remote net.Addr) *testClient {
	t.Helper()
	ours, theirs := socketPair(t)
	if remote != nil {
		theirs = otherRemote{theirs, remote}
	}
	go s.ServeConn(theirs)
	t.Cleanup(func() { ours.Close() })
	return &testClient{ours, bufio.NewReader(ours)}
}

func socketPair(t testing.TB) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if ours, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

type otherRemote struct {
	net.Conn
	remote net.Addr
}

func (o otherRemote) RemoteAddr() net.Addr { return o.remote }

func (c *testClient) send(t testing.TB, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// line reads a line without its end; what ends the connection is EOF.
func (c *testClient) line() string {
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	s, err := c.r.ReadString('\n')
	if err != nil && strings.Contains(err.Error(), "timeout") {
		return "(nothing)"
	}
	if err != nil {
		return s + "EOF"
	}
	return strings.TrimRight(s, "\r\n")
}

func (d *dialog) act(a []string) {
	uid := func(s string) (n uint32) {
		for _, c := range s {
			n = n*10 + uint32(c-'0')
		}
		return n
	}
	switch a[0] {
	case "deliver":
		d.f.deliver(a[1], testMessage, a[2:]...)
	case "flags":
		d.f.setFlags(a[1], uid(a[2]), a[3:]...)
	case "remove":
		d.f.remove(a[1], uid(a[2]))
	case "mailbox":
		d.f.Create(d.t.Context(), a[1], strings.Join(a[2:], ""))
	case "noselect":
		d.f.Create(d.t.Context(), a[1], "")
		d.f.boxes[a[1]].NoSelect = true
	case "subscribed":
		d.f.Subscribe(d.t.Context(), a[1], true)
	case "rename":
		d.f.Rename(d.t.Context(), a[1], a[2])
	case "delete":
		d.f.Delete(d.t.Context(), a[1])
	default:
		d.t.Fatalf("no action %q", a[0])
	}
}
