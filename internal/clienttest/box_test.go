package clienttest

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Who lives in every box. The password has what quoting gets wrong.
const (
	ana      = "ana@example.test"
	luis     = "luis@example.test"
	jose     = "josé@example.test" // needs SMTPUTF8
	password = "two words"
)

// How long the program may take to start, and to end, on a busy machine.
const patience = 60 * time.Second

// box is the real program on a file of its own. It gets its sockets the way systemd gives them: so no two tests want the
// same port, and a box that is killed and started again keeps its ports.
type box struct {
	t       *testing.T
	binary  string
	dir     string
	ca      string // file with the certificate that clients trust
	sockets map[string]net.Listener
	command *exec.Cmd
	log     *logFile
}

func services() []string {
	return []string{"smtp", "smtps", "submission", "submission-alt", "pop3", "pop3s", "imap", "imaps", "https", "http"}
}

// newBox is a box with its people, serving until the test ends.
func newBox(t *testing.T) *box {
	t.Helper()
	b := emptyBox(t)
	b.listen("127.0.0.1", nil)
	b.start()
	b.saveCertificate()
	return b
}

// emptyBox is a box with its people that does not serve yet.
func emptyBox(t *testing.T) *box {
	t.Helper()
	binary, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	b := &box{t: t, binary: binary, dir: t.TempDir(), sockets: make(map[string]net.Listener)}
	b.ca = filepath.Join(b.dir, "ca.pem")
	b.log = &logFile{path: filepath.Join(b.dir, "log")}
	b.cli("", "domain", "add", "example.test")
	for _, address := range []string{ana, luis, jose} {
		b.cli(password+"\n", "account", "add", address)
	}
	return b
}

// listen opens the box's sockets on an address: those of some services on given ports, the others where there is room. It
// ends the program, and then closes them, when the test ends.
func (b *box) listen(address string, ports map[string]int) {
	b.t.Helper()
	for _, name := range services() {
		l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(ports[name])))
		if err != nil {
			b.t.Fatal(err)
		}
		b.t.Cleanup(func() { l.Close() })
		b.sockets[name] = l
	}
	b.t.Cleanup(b.end)
}

func (b *box) data() string { return filepath.Join(b.dir, "buzon.db") }

// cli runs a command on the file and gives what it printed.
func (b *box) cli(stdin string, args ...string) string {
	b.t.Helper()
	cmd := exec.Command(b.binary, append([]string{"--data", b.data()}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("buzon %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// start starts the program and waits until it says that it is ready.
func (b *box) start() {
	b.t.Helper()
	// The shell knows the process id that sd_listen_fds(3) asks for, and gives it to the program that takes its place.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh", b.binary, "--data", b.data(), "serve")
	cmd.Env = append(os.Environ(), fmt.Sprint("LISTEN_FDS=", len(services())), "LISTEN_FDNAMES="+strings.Join(services(), ":"))
	for _, name := range services() {
		file, err := b.sockets[name].(*net.TCPListener).File()
		if err != nil {
			b.t.Fatal(err)
		}
		defer file.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // should this test be killed
	cmd.Stderr = b.log.open(b.t)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.command = cmd
	b.awaitReady(out)
}

func (b *box) awaitReady(out io.Reader) {
	b.t.Helper()
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.TrimSpace(lines.Text()) == "ready" {
				ready <- true
			}
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if !ok {
			b.t.Fatalf("the program ended instead of serving:\n%s", b.log.text())
		}
	case <-time.After(patience):
		b.t.Fatalf("not ready after %v:\n%s", patience, b.log.text())
	}
}

// kill is a power cut, as far as the program can tell.
func (b *box) kill() {
	b.command.Process.Kill()
	b.command.Wait()
	b.command = nil
}

// end stops the program with SIGTERM, which must be a good end.
func (b *box) end() {
	if b.command == nil {
		return
	}
	cmd := b.command
	b.command = nil
	cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		b.t.Errorf("the program did not end well: %v", err)
	}
	if b.t.Failed() {
		b.t.Logf("log of the program:\n%s", b.log.text())
	}
}

// addr is where a service listens.
func (b *box) addr(service string) string { return b.sockets[service].Addr().String() }

// port is the port of a service.
func (b *box) port(service string) string {
	_, port, err := net.SplitHostPort(b.addr(service))
	if err != nil {
		b.t.Fatal(err)
	}
	return port
}

// saveCertificate puts down what the program shows, for clients to trust.
func (b *box) saveCertificate() {
	b.t.Helper()
	dialer := &net.Dialer{Timeout: patience} // of the handshake, too
	conn, err := tls.DialWithDialer(dialer, "tcp", b.addr("pop3s"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	cert := conn.ConnectionState().PeerCertificates[0]
	b.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})))
}

// write makes a file in the box's folder, readable by its owner alone as mail programs ask for, and gives its path.
func (b *box) write(name, text string) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// fill writes a configuration with {words} replaced: {dir}, {ca}, {port service}, {user}, {password}.
func (b *box) fill(text string) string {
	pairs := []string{"{dir}", b.dir, "{ca}", b.ca, "{user}", ana, "{password}", password}
	for _, name := range services() {
		pairs = append(pairs, "{port "+name+"}", b.port(name))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// logFile is where the program logs.
type logFile struct{ path string }

func (l *logFile) open(t *testing.T) *os.File {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// text is the end of it.
func (l *logFile) text() string {
	text, err := os.ReadFile(l.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}
