package metrics

import (
	"net"
	"strings"
)

// Listener counts the connections that l accepts for a service: the ports of one protocol count as one.
func (s *Set) Listener(l net.Listener, service string) net.Listener {
	name := map[string]string{
		"smtps": "submission", "submission-alt": "submission", "imaps": "imap", "pop3s": "pop3", "http": "https",
	}[strings.ToLower(service)]
	if name == "" {
		name = service
	}
	return counted{l, s.Connections.Of(name)}
}

type counted struct {
	net.Listener
	count *Counter
}

// Accept implements net.Listener.
func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.count.Inc()
	}
	return c, err
}
