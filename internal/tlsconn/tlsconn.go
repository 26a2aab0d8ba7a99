// Package tlsconn is the server side of TLS in less memory. crypto/tls reads
// as much as the peer has sent; a record and a half make its buffer grow to
// 40 KB, which stays for the life of the connection. Here it is given one
// record (RFC 8446 §5.1) at a time, needs 18 KB for the largest and 2 for those
// of a quiet phone, and a handshake has a limit: the library's own is 64 KB.
package tlsconn

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
)

const (
	header = 5 // octets of a record's header: type, version, length

	handshake    = 22       // the type of records that carry a handshake in the clear
	maxHandshake = 16 << 10 // octets of them; a hello with post-quantum keys has 2 KB
)

var errHandshake = errors.New("tlsconn: handshake is too large")

// Server is tls.Server over c.
func Server(c net.Conn, config *tls.Config) *tls.Conn {
	return tls.Server(&records{Conn: c}, config)
}

// NewListener is tls.NewListener with Server.
func NewListener(l net.Listener, config *tls.Config) net.Listener {
	return listener{l, config}
}

type listener struct {
	net.Listener
	config *tls.Config
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Server(c, l.config), nil
}

// records is a connection whose reads end where a record ends.
type records struct {
	net.Conn
	head [header]byte
	have int // octets of head that were handed over
	left int // octets of the record's body that were not
	hand int // octets of handshake so far
}

// NetConn is the connection below.
func (r *records) NetConn() net.Conn { return r.Conn }

// Read hands over a header, or what there is of a body.
func (r *records) Read(b []byte) (int, error) {
	if r.left > 0 {
		n, err := r.Conn.Read(b[:min(len(b), r.left)])
		r.left -= n
		return n, err
	}
	n, err := r.Conn.Read(b[:min(len(b), header-r.have)])
	copy(r.head[r.have:], b[:n])
	if r.have += n; r.have == header {
		r.have, r.left = 0, int(binary.BigEndian.Uint16(r.head[3:]))
		if r.head[0] == handshake {
			r.hand += r.left
		}
	}
	if r.hand > maxHandshake {
		return 0, errHandshake
	}
	return n, err
}
