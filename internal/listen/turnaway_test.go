package listen

import (
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// Who comes before the service is open is turned away at once, who comes later is served; a service without a socket of
// systemd's is left alone.
func TestTurnAway(t *testing.T) {
	early, own := Spec{Name: "smtp", Port: 25}, Spec{Name: "imap", Port: 143}
	raw := openTest(t, "127.0.0.1", Spec{Name: "smtp"})[0].Listener
	file, err := raw.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	sockets := &Sockets{found: map[Spec][]inheritedSocket{early: {{"smtp", raw.Addr(), file}}}}
	defer file.Close()

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- sockets.TurnAway(ctx, []Spec{early, own}) }()
	conn := dialTest(t, raw.Addr())
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("somebody answers before the service is open")
	} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Error("the connection just waits")
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	all, err := sockets.Open(t.Context(), "", []Spec{early})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(all)
	conn = dialTest(t, raw.Addr())
	served, err := all[0].Accept()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(served, "220\n")
	served.Close()
	if greeting, err := io.ReadAll(conn); err != nil || string(greeting) != "220\n" {
		t.Errorf("%q, %v", greeting, err)
	}
}

func TestTurnAwayNothing(t *testing.T) {
	if err := new(Sockets).TurnAway(t.Context(), []Spec{{Name: "smtp", Port: 25}}); err != nil {
		t.Error(err)
	}
}

func dialTest(t *testing.T, addr net.Addr) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}
