package peertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The ports of every server, on an address of its own. They are below those that the kernel gives to others.
const (
	portMX          = "2525"
	portSubmission  = "2587"
	portSubmissions = "2465"
)

// loopback are the addresses of everybody here.
const loopback = "127.0.0.0/8"

// How long a server may take to start, or to deliver, on a busy machine. Only reached when it never will.
const patience = 60 * time.Second

// Peer is a server that runs until its test ends.
type Peer struct {
	MX          string // address and port where everybody may bring mail for the domain; STARTTLS where it has a certificate
	Submission  string // for those who log in after STARTTLS; "" without a certificate
	Submissions string // the same with implicit TLS; "" without a certificate

	t       testing.TB
	program Program
	options Options
	host    string // the address that all its ports share
	dir     string
	cage    *cage
}

// Start starts a server and waits until it greets.
func Start(t testing.TB, program Program, o Options) *Peer {
	t.Helper()
	needAll(t, program)
	if o.Name == "" {
		o.Name = "mx." + o.Domain
	}
	if !program.TLS {
		o.Certificate = nil
	}
	p := &Peer{t: t, program: program, options: o, host: freeHost(), dir: newFolder(t)}
	p.MX = net.JoinHostPort(p.host, portMX)
	if o.Certificate != nil {
		p.Submission, p.Submissions = net.JoinHostPort(p.host, portSubmission), net.JoinHostPort(p.host, portSubmissions)
	}
	if err := p.start(); err != nil {
		t.Fatalf("%s: %v\n%s", program.Name, err, p.Log())
	}
	return p
}

func (p *Peer) start() error {
	if err := p.writeCommon(); err != nil {
		return err
	}
	script, err := p.program.setUp(p)
	if err != nil {
		return err
	}
	if p.cage, err = openCage(p.dir, script); err != nil {
		return err
	}
	p.t.Cleanup(func() {
		p.cage.close()
		if p.t.Failed() {
			p.t.Logf("log of %s:\n%s", p.program.Name, p.Log())
		}
	})
	return p.awaitGreeting()
}

// writeCommon makes what all programs want: an /etc, the certificate and the folder for mail.
func (p *Peer) writeCommon() error {
	if err := writeEtc(p.dir, p.options.Name, p.host); err != nil {
		return err
	}
	if err := p.folder("mail", vmail); err != nil {
		return err
	}
	if p.options.Certificate == nil {
		return nil
	}
	chain, key, err := encode(*p.options.Certificate)
	if err != nil {
		return err
	}
	return errors.Join(p.write("chain.pem", chain), p.secret("key.pem", key, p.program.keyOwner))
}

func (p *Peer) awaitGreeting() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := greets(ctx, p.MX)
		if err == nil {
			return nil
		}
		select {
		case <-p.cage.ended:
			return errors.New("it ended instead of serving")
		case <-ctx.Done():
			return fmt.Errorf("not ready after %v: %w", patience, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// greets tells whether an SMTP server says 220 at an address.
func greets(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetReadDeadline(deadline)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "220") {
		err = fmt.Errorf("the greeting is %q", line)
	}
	fmt.Fprint(conn, "QUIT\r\n") // a courtesy to its log
	return err
}

// freeHost is an address of loopback that no other test uses.
func freeHost() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
}

// newFolder is one that users other than root can look into, unlike the test's own, and whose path is short enough for
// the sockets in it.
func newFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the folder of a server: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Log is what the server said, the end of it.
func (p *Peer) Log() string {
	var all strings.Builder
	files, err := filepath.Glob(filepath.Join(p.dir, "log", "*"))
	if err != nil {
		return err.Error()
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err.Error()
		}
		all.Write(text)
	}
	return all.String()[max(0, all.Len()-maxLog):]
}

const maxLog = 16 << 10 // octets, of a log that a failed test shows
