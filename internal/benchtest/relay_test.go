package benchtest

import (
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// relay is one at which no mail arrives: it says nothing, or hangs up at once.
type relay struct {
	addr  string
	conns atomic.Int64
	first chan time.Time // when the first connection came
}

func startRelay(b *testing.B, hangUp bool) *relay {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	r := &relay{addr: l.Addr().String(), first: make(chan time.Time, 1)}
	ended := make(chan struct{})
	go func() { defer close(ended); r.serve(l, hangUp) }()
	b.Cleanup(func() { l.Close(); <-ended })
	return r
}

func (r *relay) serve(l net.Listener, hangUp bool) {
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			conn.Close()
		}
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if r.conns.Add(1) == 1 {
			r.first <- time.Now()
		}
		if hangUp {
			conn.Close()
			continue
		}
		open = append(open, conn)
	}
}

// sendBy makes a file send by a relay.
func sendBy(b *testing.B, data, addr string) {
	b.Helper()
	err := commands(data, []string{"settings", "set", "send.way", "relay"}, []string{"relay", "set", addr, "--tls", "none"})
	if err != nil {
		b.Fatal(err)
	}
}
