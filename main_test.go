package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"buzon/internal/certs"
	"buzon/internal/cli"
	"buzon/internal/text"
)

// console is a command line that was run.
type console struct {
	out, err string
	status   int
}

// buzon runs a command line in process, with a line of input if there is one.
func buzon(t testing.TB, input string, args ...string) console {
	t.Helper()
	return buzonIn(t, "en", input, args...)
}

func buzonIn(t testing.TB, lang, input string, args ...string) console {
	t.Helper()
	var out, err bytes.Buffer
	c := cli.New(args, languageOnly(lang), strings.NewReader(input), &out, &err)
	status := run(t.Context(), c, world{}.outside)
	return console{out.String(), err.String(), status}
}

func languageOnly(lang string) func(string) string {
	return func(name string) string {
		if name == "BUZON_LANG" {
			return lang
		}
		return ""
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(new(commands), kong.Name("buzon"), kong.NoDefaultHelp())
	if err != nil {
		t.Fatal(err)
	}
	var visit func(node *kong.Node)
	visit = func(node *kong.Node) {
		for _, lang := range text.Languages() {
			if help := text.Load(lang).Say(node.Help); !strings.Contains(help, "buzon "+node.Path()) {
				t.Errorf("%s: no example for %q: %s", lang, node.Path(), help)
			}
			page := buzonIn(t, lang, "", append(strings.Fields(node.Path()), "--help")...)
			if page.status != 0 || !strings.Contains(page.out, text.Load(lang).Say(node.Help)) || page.err != "" {
				t.Errorf("%s: %s --help: %+v", lang, node.Path(), page)
			}
			if asked := buzonIn(t, lang, "", append([]string{"help"}, strings.Fields(node.Path())...)...); asked != page {
				t.Errorf("%s: help %s is another page:\n%s", lang, node.Path(), asked.out)
			}
		}
		for _, child := range node.Children {
			visit(child)
		}
	}
	for _, node := range parser.Model.Children {
		visit(node)
	}
}

func TestHelpFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, lang := range text.Languages() {
		page := buzonIn(t, lang, "", "--help")
		if page.status != 0 || !strings.Contains(page.out, "buzon try") || !strings.Contains(page.out, "account quota") {
			t.Errorf("%s: %+v", lang, page)
		}
		for line := range strings.Lines(page.out) {
			if n := len([]rune(line)); n > 81 && !strings.Contains(line, "[--") {
				t.Errorf("%s: %d characters: %s", lang, n, line)
			}
			if strings.Contains(line, "help_") || strings.Contains(line, "flag_") || strings.Contains(line, "word_") {
				t.Errorf("%s: a key is no text: %s", lang, line)
			}
		}
	}
}

// What is not understood ends with status 2 and the cure.
func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		want string // in the error
	}{
		{"acount list", "Which command? There are: serve, try, domain, dns"},
		{"account", "Which command? There are: add, list, password, quota, name, admin, remove. See what they do with: buzon help account"},
		{"account lst", "There are: add, list, password"},
		{"account add", "buzon account add ADDRESS [--quota=SIZE]. See an example with: buzon help account add"},
		{"account add a@b c@d", "buzon account add ADDRESS"},
		{"account add a@b --quotta 2GB", "There is no option --quotta here. See those there are with: buzon help account add"},
		{"account add a@b --quota", "buzon account add ADDRESS [--quota=SIZE]"},
		{"alias add info@example.org", "buzon alias add ALIAS TARGET..."},
		{"--ports=low", "--ports must be one of: standard, high"},
		{"serve --ports low", "--ports must be one of: standard, high"},
		{"domain list --log-level loud", "--log-level must be one of: debug, info, warn, error"},
		{"serve --prots high", "There is no option --prots here. See those there are with: buzon help serve"},
		{"--prots high", "There is no option --prots here"},
		{"try --port-offset 65000", "--port-offset must be a number from 1 to 50000."},
		{"try --port-offset many", "buzon try [--port-offset=NUMBER]"},
	} {
		got := buzon(t, "", strings.Fields(c.args)...)
		if got.status != cli.StatusUsage || got.out != "" || !strings.Contains(got.err, c.want) {
			t.Errorf("%s: %+v, want %q", c.args, got, c.want)
		}
	}
	if got := buzonIn(t, "es", "", "account"); !strings.Contains(got.err, "¿Qué orden? Hay: add,") {
		t.Errorf("in Spanish: %+v", got)
	}
	if got := buzon(t, "", "account", "--lang", "es"); !strings.Contains(got.err, "¿Qué orden?") {
		t.Errorf("--lang es: %+v", got)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if got := buzon(t, "", "version"); got.status != 0 || !strings.HasPrefix(got.out, "Buzon ") || !strings.Contains(got.out, "go1.") {
		t.Errorf("%+v", got)
	}
}

// background runs a command line until its context is over, and hands over its output while it comes.
type background struct {
	cancel context.CancelFunc
	lines  *bufio.Scanner
	status chan int
	errs   bytes.Buffer
}

func inBackground(t testing.TB, args ...string) *background {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	b := &background{cancel: cancel, lines: bufio.NewScanner(r), status: make(chan int, 1)}
	c := cli.New(args, languageOnly("en"), strings.NewReader(""), w, &b.errs)
	go func() {
		b.status <- run(ctx, c, world{}.outside)
		w.Close()
	}()
	t.Cleanup(cancel)
	return b
}

// untilReady is everything printed up to the line "ready".
func (b *background) untilReady(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	for b.lines.Scan() {
		out.WriteString(b.lines.Text() + "\n")
		if b.lines.Text() == "ready" {
			return out.String()
		}
	}
	t.Fatalf("not ready, status %d: %s%s", <-b.status, out.String(), b.errs.String())
	return ""
}

func (b *background) end(t testing.TB) {
	t.Helper()
	b.cancel()
	for b.lines.Scan() {
	}
	if status := <-b.status; status != 0 {
		t.Errorf("status %d: %s", status, b.errs.String())
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	data, host := filepath.Join(t.TempDir(), "home.db"), freeAddress()
	buzon(t, "", "domain", "add", "example.org", "--data", data)
	args := []string{"serve", "--ports", "high", "--listen", host, "--data", data}
	b := inBackground(t, args...)
	out := b.untilReady(t)
	for _, want := range []string{
		"smtp            " + host + ":10025",
		"smtps           " + host + ":10465",
		"submission      " + host + ":10587",
		"submission-alt  " + host + ":12525",
		"pop3            " + host + ":10110",
		"pop3s           " + host + ":10995",
		"imap            " + host + ":10143",
		"imaps           " + host + ":10993",
		"Nobody has an account yet.",
		"buzon domain add example.org --data " + data,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	for _, port := range []string{"10025", "10587", "12525", "10110", "10143"} {
		greeting(t, net.JoinHostPort(host, port))
	}
	other := filepath.Join(t.TempDir(), "other.db")
	busy := buzon(t, "", "--ports", "high", "--listen", host, "--data", other)
	if busy.status != 1 || !strings.Contains(busy.err, "Port 10025 is taken by another program") {
		t.Errorf("second server: %+v", busy)
	}
	b.end(t)
}

func greeting(t testing.TB, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "220 ") && !strings.HasPrefix(line, "+OK ") && !strings.HasPrefix(line, "* OK ") {
		t.Errorf("%s: greeting %q %v", addr, line, err)
	}
}

// An address that this machine does not have is no reason for a Go error.
func TestServeElsewhere(t *testing.T) {
	t.Parallel()
	got := buzon(t, "", "serve", "--ports", "high", "--listen", "192.0.2.1", "--data", filepath.Join(t.TempDir(), "home.db"))
	if got.status != 1 || !strings.Contains(got.err, "This machine has no address 192.0.2.1") {
		t.Errorf("%+v", got)
	}
}

func TestSignalEndsServe(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		host, data := freeAddress(), filepath.Join(t.TempDir(), "home.db")
		buzon(t, "", "domain", "add", "example.org", "--data", data)
		cmd := process(t, "--ports", "high", "--listen", host, "--data", data)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() && lines.Text() != "ready" {
		}
		greeting(t, host+":10025")
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", signal, err)
		}
	}
}

// systemd is told when we are ready and when we stop.
func TestNotifiesSystemd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	cmd := process(t, "--ports", "high", "--listen", freeAddress(), "--data", filepath.Join(t.TempDir(), "home.db"))
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	socket.SetReadDeadline(time.Now().Add(30 * time.Second))
	told := func(want string) {
		buf := make([]byte, 100)
		n, err := socket.Read(buf)
		if err != nil || string(buf[:n]) != want {
			t.Errorf("systemd was told %q, want %q: %v", buf[:n], want, err)
		}
	}
	told("READY=1")
	cmd.Process.Signal(syscall.SIGTERM)
	told("STOPPING=1")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTry(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	b := inBackground(t, "try", "--port-offset", "31000")
	out := b.untilReady(t)
	for _, want := range []string{
		"ana@example.test", "luis@example.test", "port 31993", "port 31995", "port 31465",
		"| curl -sSk --url smtps://127.0.0.1:31465 --user ana@example.test:",
		"curl -sSk --url 'imaps://127.0.0.1:31993/INBOX;MAILINDEX=*' --user luis@example.test:",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if made, _ := filepath.Glob(filepath.Join(temp, "buzon-try-*")); len(made) != 1 {
		t.Errorf("folders: %v", made)
	}
	if got := buzon(t, "", "try", "--port-offset", "31000"); got.status != 1 || !strings.Contains(got.err, "use other ports with: --port-offset 41000") {
		t.Errorf("twice: %+v", got)
	}
	b.end(t)
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// The self-signed certificate is for this machine and stays: mail programs were told to trust it.
func TestCertificateIsKept(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	in := func(o *options) { o.data = data }
	var fingerprints []string
	for range 2 {
		t.Run("", func(t *testing.T) {
			a := startTest(t, in)
			conn, err := tls.Dial("tcp", a.addr("pop3s"), a.tls())
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			fingerprints = append(fingerprints, certs.Fingerprint(a.certs.Leaf(nil)))
		})
	}
	if len(fingerprints) != 2 || fingerprints[0] != fingerprints[1] {
		t.Errorf("fingerprints %v", fingerprints)
	}
}

func TestNextNight(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Skip("no time zones here: ", err)
	}
	for _, c := range []struct{ now, want string }{
		{"2026-11-21 03:59", "2026-11-21 04:00"},
		{"2026-11-21 04:00", "2026-11-22 04:00"},
		{"2026-12-31 23:00", "2027-01-01 04:00"},
		// The clock is changed that night.
		{"2026-03-28 12:00", "2026-03-29 04:00"},
		{"2026-10-25 01:30", "2026-10-25 04:00"},
	} {
		now, err := time.ParseInLocation("2006-01-02 15:04", c.now, madrid)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextNight(now).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("after %s: %s, want %s", c.now, got, c.want)
		}
	}
}
