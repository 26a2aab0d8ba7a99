package listen

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// greeter is a server that says its name to everybody, and whether TLS is meant.
type greeter struct {
	name  string
	stuck error // what Serve gives instead
	cut   error // what Shutdown gives

	mu        sync.Mutex
	listeners []net.Listener
	ended     int
}

// Serve implements Server.
func (g *greeter) Serve(l net.Listener, implicitTLS bool) error {
	if g.stuck != nil {
		return g.stuck
	}
	g.mu.Lock()
	g.listeners = append(g.listeners, l)
	g.mu.Unlock()
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		if implicitTLS {
			io.WriteString(conn, "TLS ")
		}
		io.WriteString(conn, g.name)
		conn.Close()
	}
}

// Shutdown implements Server.
func (g *greeter) Shutdown(context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended++
	for _, l := range g.listeners {
		l.Close()
	}
	return g.cut
}

// portsTest makes a table of web, which is first, and of mail on two ports; all on any free port of loopback.
func portsTest(t *testing.T, changes ...func(*Options)) (p *Ports, web, mail *greeter, log *bytes.Buffer) {
	t.Helper()
	web, mail, log = &greeter{name: "web"}, &greeter{name: "mail"}, new(bytes.Buffer)
	o := Options{
		Sockets: new(Sockets), Addr: "127.0.0.1",
		Table: []Service{
			{Name: "smtp", Standard: 25, Server: mail},
			{Name: "smtps", Standard: 465, ImplicitTLS: true, Server: mail},
			{Name: "http", Standard: 80, Server: web},
		},
		Port:  func(int) int { return 0 },
		First: func(s Service) bool { return s.Name == "http" },
		Count: func(l net.Listener, _ string) net.Listener { return l },
		Log:   slog.New(slog.NewTextHandler(log, nil)),
	}
	for _, change := range changes {
		change(&o)
	}
	p, err := NewPorts(o)
	if err != nil {
		t.Fatal(err)
	}
	return p, web, mail, log
}

// says is what a service says to who comes.
func says(t *testing.T, p *Ports, service string) string {
	t.Helper()
	conn := dialTest(t, net.TCPAddrFromAddrPort(p.At(service)))
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func names(p *Ports) string {
	var all []string
	for _, port := range p.Listening() {
		all = append(all, port.Name)
	}
	return strings.Join(all, " ")
}

// The first ports serve alone until somebody may use the others; then all do, in the order of the table.
func TestPorts(t *testing.T) {
	t.Parallel()
	counted := map[string]int{}
	p, web, mail, log := portsTest(t, func(o *Options) {
		o.Count = func(l net.Listener, service string) net.Listener { counted[service]++; return l }
	})
	if err := p.OpenFirst(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names(p) != "http" || says(t, p, "http") != "web" || p.At("smtp").Port() != 0 {
		t.Errorf("at first %s", names(p))
	}
	if err := p.OpenRest(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if names(p) != "smtp smtps http" || says(t, p, "smtp") != "mail" || says(t, p, "smtps") != "TLS mail" || says(t, p, "http") != "web" {
		t.Errorf("then %s", names(p))
	}
	if all := p.Addresses(); len(all) != 3 || all[465] != p.At("smtps").String() || all[80] != p.At("http").String() {
		t.Errorf("%v", all)
	}
	if len(counted) != 3 || counted["smtps"] != 1 {
		t.Errorf("counted %v", counted)
	}
	p.Shutdown(t.Context())
	if web.ended != 1 || mail.ended != 1 {
		t.Errorf("ended %d and %d times", web.ended, mail.ended)
	}
	for _, port := range p.Listening() {
		if conn, err := net.Dial("tcp", port.Addr().String()); err == nil {
			conn.Close()
			t.Errorf("%s is still open", port.Name)
		}
	}
	select {
	case err := <-p.Failed():
		t.Errorf("an end is no failure: %v", err)
	default:
	}
	if log.Len() > 0 {
		t.Error(log)
	}
}

// That a later port is taken is told with the first ones, and nothing is left open. When it comes later, it is told then.
func TestPortsTaken(t *testing.T) {
	t.Parallel()
	busy := openTest(t, "127.0.0.1", Spec{Name: "other"})[0]
	taken := func(o *Options) {
		o.Port = func(standard int) int {
			if standard == 465 {
				return port(busy)
			}
			return 0
		}
	}
	p, _, _, _ := portsTest(t, taken)
	if err := p.OpenFirst(t.Context()); !errors.Is(err, syscall.EADDRINUSE) || names(p) != "" {
		t.Errorf("%v, open are %s", err, names(p))
	}
	if err := p.OpenRest(t.Context(), func(context.Context) error { return nil }); !errors.Is(err, syscall.EADDRINUSE) || names(p) != "" {
		t.Errorf("%v, open are %s", err, names(p))
	}
}

// Who comes too early to a socket of systemd's is turned away, and is served on the same one later.
func TestPortsTurnAway(t *testing.T) {
	t.Parallel()
	raw := openTest(t, "127.0.0.1", Spec{Name: "smtp"})[0].Listener
	file, err := raw.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p, _, _, _ := portsTest(t, func(o *Options) {
		o.Sockets = &Sockets{taken: true, found: map[Spec][]inheritedSocket{{Name: "smtp"}: {{"smtp", raw.Addr(), file}}}}
	})
	err = p.OpenRest(t.Context(), func(context.Context) error {
		if text, err := io.ReadAll(dialTest(t, raw.Addr())); err == nil && len(text) > 0 {
			t.Errorf("who comes early hears %q", text)
		} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Error("who comes early just waits")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.At("smtp").String() != raw.Addr().String() || says(t, p, "smtp") != "mail" {
		t.Errorf("smtp is at %v, systemd has %v", p.At("smtp"), raw.Addr())
	}
	p.Shutdown(t.Context())
}

// Nothing is opened for an owner who does not come.
func TestPortsGivenUp(t *testing.T) {
	t.Parallel()
	p, _, _, _ := portsTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := p.OpenRest(ctx, func(ctx context.Context) error { cancel(); return ctx.Err() })
	if !errors.Is(err, context.Canceled) || names(p) != "" {
		t.Errorf("%v, open are %s", err, names(p))
	}
}

// The first failure of a port is told, once; a server that had to cut connections is told to the log.
func TestPortsFailed(t *testing.T) {
	t.Parallel()
	broken := errors.New("no memory")
	p, web, _, log := portsTest(t)
	web.stuck, web.cut = broken, errors.New("one was left")
	if err := p.OpenFirst(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.Failed():
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "http on "+p.At("http").String()) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is told")
	}
	first := errors.New("first")
	p.Fail(first)
	p.Fail(errors.New("second")) // does not block
	if err := <-p.Failed(); err != first {
		t.Error(err)
	}
	p.Shutdown(t.Context())
	if !strings.Contains(log.String(), "one was left") {
		t.Errorf("log: %s", log)
	}
	if conn, err := net.Dial("tcp", p.At("http").String()); err == nil {
		conn.Close()
		t.Error("the port of a server that gave up stays open")
	}
}
