package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// open takes what systemd passed for the specs, and opens all of them.
func open(ctx context.Context, addr string, specs []Spec) ([]Listener, error) {
	var sockets Sockets
	if err := sockets.Take(specs); err != nil {
		return nil, err
	}
	return sockets.Open(ctx, addr, specs)
}

func openTest(t *testing.T, addr string, specs ...Spec) []Listener {
	t.Helper()
	all, err := open(t.Context(), addr, specs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(all) })
	return all
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// Without an address both families are served on one port; IPv6 may be off.
func TestOpenAllAddresses(t *testing.T) {
	all := openTest(t, "", Spec{Name: "smtp"}, Spec{Name: "imap"})
	if len(all) != 2 || all[0].Name != "smtp" || all[1].Name != "imap" {
		t.Fatalf("%v", all)
	}
	hosts := []string{"127.0.0.1"}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		l.Close()
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		c, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(port(all[0]))))
		if err != nil {
			t.Error(err)
			continue
		}
		c.Close()
	}
}

func TestOpenOneAddress(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "[127.0.0.1]"} {
		l := openTest(t, addr, Spec{Name: "smtp"})[0]
		if got := l.Addr().(*net.TCPAddr).IP.String(); got != "127.0.0.1" {
			t.Errorf("%s: listens on %s", addr, got)
		}
	}
}

// A busy port is one error that helps, and what was opened before it is closed.
func TestOpenBusy(t *testing.T) {
	busy := port(openTest(t, "127.0.0.1", Spec{Name: "other"})[0])
	first := openTest(t, "127.0.0.1", Spec{Name: "first"})[0]
	free := port(first)
	first.Close()
	_, err := open(t.Context(), "127.0.0.1", []Spec{{Name: "pop3", Port: free}, {Name: "smtp", Port: busy}})
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatal(err)
	}
	for _, want := range []string{fmt.Sprintf("port %d (smtp)", busy), fmt.Sprintf("ss -ltnp 'sport = :%d'", busy)} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q has no %q", err, want)
		}
	}
	openTest(t, "127.0.0.1", Spec{Name: "pop3", Port: free})
}

func TestCures(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{err: syscall.EACCES, want: "--ports high"},
		{err: syscall.EADDRINUSE, want: "ss -ltnp 'sport = :25'"},
		{err: syscall.EADDRNOTAVAIL, want: "no address 192.0.2.1"},
		{err: errors.New("whatever"), want: "check the address"},
	} {
		if got := cure(fmt.Errorf("bind: %w", tt.err), "192.0.2.1", 25); !strings.Contains(got, tt.want) {
			t.Errorf("%v: %q has no %q", tt.err, got, tt.want)
		}
	}
	if _, err := open(t.Context(), "192.0.2.1", []Spec{{Name: "smtp"}}); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("address of another machine: %v", err)
	}
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(ctx, "localhost", []Spec{{Name: "smtp"}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNotify(t *testing.T) {
	// As a path, and in the abstract namespace; t.TempDir may be too long for a socket's name.
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{filepath.Join(dir, "s"), fmt.Sprintf("@buzon-test-%d", os.Getpid())} {
		conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("NOTIFY_SOCKET", name)
		if err := Notify("READY=1"); err != nil {
			t.Error(err)
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		buf := make([]byte, 100)
		if n, err := conn.Read(buf); string(buf[:n]) != "READY=1" || err != nil {
			t.Errorf("%s: got %q, %v", name, buf[:n], err)
		}
		conn.Close()
		if err := Notify("STOPPING=1"); err == nil {
			t.Errorf("%s: nobody is there, and no error", name)
		}
	}
	t.Setenv("NOTIFY_SOCKET", "")
	if err := Notify("READY=1"); err != nil {
		t.Errorf("without systemd: %v", err)
	}
}
