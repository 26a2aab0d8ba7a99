package limit

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestConnsCaps(t *testing.T) {
	for _, tt := range []struct {
		name  string
		conns *Conns
		addrs []string
		last  bool // whether the last one has a place; all before it have
	}{
		{name: "no caps", conns: &Conns{}, addrs: []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, last: true},
		{name: "in all", conns: &Conns{All: 2}, addrs: []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		{name: "per address", conns: &Conns{PerAddress: 1}, addrs: []string{"192.0.2.1", "192.0.2.1"}},
		{name: "another address", conns: &Conns{PerAddress: 1}, addrs: []string{"192.0.2.1", "192.0.2.2"}, last: true},
		{name: "mapped IPv4 is IPv4", conns: &Conns{PerAddress: 1}, addrs: []string{"192.0.2.1", "::ffff:192.0.2.1"}},
		// IPv6 counts by /64.
		{name: "one /64", conns: &Conns{PerAddress: 1}, addrs: []string{"2001:db8::1", "2001:db8::2"}},
		{name: "two /64", conns: &Conns{PerAddress: 1}, addrs: []string{"2001:db8::1", "2001:db8:0:1::1"}, last: true},
		{name: "a home's own range", conns: &Conns{PerAddress: 1}, addrs: []string{"fd00::1", "fd00::2"}, last: true},
		{name: "link-local", conns: &Conns{PerAddress: 1}, addrs: []string{"fe80::1%eth0", "fe80::2%eth0"}, last: true},
		{name: "link-local, same host", conns: &Conns{PerAddress: 1}, addrs: []string{"fe80::1%eth0", "fe80::1%wlan0"}},
		// Loopback has a cap of its own, per address.
		{name: "loopback", conns: &Conns{PerAddress: 1, PerLoopback: 2}, addrs: []string{"::1", "::1"}, last: true},
		{name: "loopback full", conns: &Conns{PerLoopback: 1}, addrs: []string{"127.0.0.1", "127.0.0.1"}},
		{name: "loopbacks", conns: &Conns{PerLoopback: 1}, addrs: []string{"127.0.0.1", "::1"}, last: true},
	} {
		for i, a := range tt.addrs {
			want := i < len(tt.addrs)-1 || tt.last
			if _, ok := tt.conns.Acquire(netip.MustParseAddr(a)); ok != want {
				t.Errorf("%s: %s: place %v, want %v", tt.name, a, ok, want)
			}
		}
	}
}

// A place comes back once, however often it is released, and leaves nothing behind.
func TestConnsRelease(t *testing.T) {
	c := &Conns{PerAddress: 2}
	a := netip.MustParseAddr("192.0.2.1")
	first, _ := c.Acquire(a)
	c.Acquire(a)
	first()
	first()
	if _, ok := c.Acquire(a); !ok {
		t.Error("released place is not free")
	}
	if _, ok := c.Acquire(a); ok {
		t.Error("second release freed a place of another")
	}
	lone, _ := c.Acquire(netip.MustParseAddr("192.0.2.2"))
	lone()
	if len(c.counts) != 1 {
		t.Errorf("%d addresses are remembered", len(c.counts))
	}
}

func TestConnsRace(t *testing.T) {
	c := &Conns{All: 10, PerAddress: 3}
	var open, most atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		addr := netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i/2))
		wg.Go(func() {
			for range 500 {
				if release, ok := c.Acquire(addr); ok {
					n := open.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					open.Add(-1)
					release()
				}
			}
		})
	}
	wg.Wait()
	if most.Load() > 10 || c.total != 0 || len(c.counts) != 0 {
		t.Errorf("most %d, left %d, addresses %d", most.Load(), c.total, len(c.counts))
	}
}

func listenLoopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// A peer over the limit gets its line and the end; the place of a closed connection is given to the next, once.
func TestListener(t *testing.T) {
	raw := listenLoopback(t)
	conns := &Conns{PerLoopback: 1}
	l := Listener(raw, conns, func(c net.Conn) { io.WriteString(c, "421 too many\r\n") })
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	dial(t, l)
	first := <-accepted
	line, err := io.ReadAll(dial(t, l))
	if string(line) != "421 too many\r\n" || err != nil {
		t.Errorf("refused peer got %q, %v", line, err)
	}
	first.Close()
	first.Close()
	dial(t, l)
	<-accepted
	if conns.total != 1 {
		t.Errorf("%d places are taken", conns.total)
	}
	l.Close()
	if _, open := <-accepted; open {
		t.Error("accepted after the end")
	}
}

// Peers that are slow to take their refusal do not keep Accept from serving others.
func TestListenerDoesNotWait(t *testing.T) {
	raw := listenLoopback(t)
	release := make(chan struct{})
	defer close(release)
	conns := &Conns{All: 1}
	l := Listener(raw, conns, func(net.Conn) { <-release })
	taken, _ := conns.Acquire(netip.MustParseAddr("192.0.2.1"))
	results := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		results <- err
	}()
	for range maxRefusals {
		dial(t, l)
	}
	// All refusals are under way; the next is closed at once, which shows that the loop came past the others.
	if _, err := dial(t, l).Read(make([]byte, 1)); err == nil {
		t.Error("refused peer got something")
	}
	taken()
	dial(t, l)
	if err := <-results; err != nil {
		t.Error(err)
	}
}

// Without a refuse function the peer is closed; an error of the listener comes through.
func TestListenerSilent(t *testing.T) {
	l := Listener(listenLoopback(t), &Conns{PerLoopback: 1}, nil)
	l.(*listener).conns.Acquire(netip.MustParseAddr("127.0.0.1"))
	failed := make(chan error)
	go func() {
		_, err := l.Accept()
		failed <- err
	}()
	if n, err := dial(t, l).Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("refused peer got %d octets, %v", n, err)
	}
	l.Close()
	if err := <-failed; !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept: %v", err)
	}
}
