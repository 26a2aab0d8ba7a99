package smtpconn

import (
	"net"
	"sync"
)

// Listener gives every accepted connection its Conn and remembers it for Drain.
type Listener struct {
	net.Listener
	opt Options

	mu       sync.Mutex
	conns    map[*Conn]struct{}
	draining bool
}

// NewListener wraps l.
func NewListener(l net.Listener, opt Options) *Listener {
	return &Listener{Listener: l, opt: opt, conns: map[*Conn]struct{}{}}
}

// Accept implements net.Listener. TLS shakes hands later, in the connection's own goroutine.
func (l *Listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	var c *Conn
	c = newConn(raw, l.opt, func() { l.forget(c) })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	c.draining = l.draining
	return c, nil
}

func (l *Listener) forget(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// Drain asks every connection to end after its command in flight.
func (l *Listener) Drain() {
	l.mu.Lock()
	l.draining = true
	all := make([]*Conn, 0, len(l.conns))
	for c := range l.conns {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		c.Drain()
	}
}

// CloseAll cuts every connection that is left.
func (l *Listener) CloseAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.Conn.Close()
	}
}
