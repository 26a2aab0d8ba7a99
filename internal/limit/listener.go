package limit

import (
	"net"
	"net/netip"
	"time"
)

const (
	// How long a refused peer may take to receive one short line. The line fits any socket's buffer, so only a peer that
	// wants to be slow needs it.
	refuseTime = time.Second

	// Refusals under way at a time. Beyond that a peer gets no line, just the end of its connection.
	maxRefusals = 16
)

// Listener accepts from l what c has a place for; the place is given back when the connection is closed. Others are told
// by refuse, which writes one short protocol line (nil: nothing), and closed; Accept does not wait for that.
func Listener(l net.Listener, c *Conns, refuse func(net.Conn)) net.Listener {
	return &listener{Listener: l, conns: c, refuse: refuse, refusals: make(chan struct{}, maxRefusals)}
}

type listener struct {
	net.Listener
	conns    *Conns
	refuse   func(net.Conn)
	refusals chan struct{} // one token for each refusal under way
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if release, ok := l.conns.Acquire(Address(conn)); ok {
			return &counted{Conn: conn, release: release}, nil
		}
		l.turnAway(conn)
	}
}

func (l *listener) turnAway(conn net.Conn) {
	if l.refuse == nil {
		conn.Close()
		return
	}
	select {
	case l.refusals <- struct{}{}:
	default:
		conn.Close()
		return
	}
	go func() {
		defer func() { <-l.refusals }()
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(refuseTime))
		l.refuse(conn)
	}()
}

// Address is a connection's remote address; the zero Addr where it has none, which counts as one address.
func Address(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	release func()
}

// NetConn is the connection below.
func (c *counted) NetConn() net.Conn { return c.Conn }

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}
