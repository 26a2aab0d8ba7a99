package imap

import "net"

// lineState is what is left of a connection.
type lineState int

const (
	lineOpen       lineState = iota
	lineHalfClosed           // the client says no more, and may listen
	lineClosed
)

// line looks at the socket, without reading from it or waiting.
func (w *wire) line() lineState {
	conn := w.raw
	for {
		below, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return socketState(conn)
		}
		conn = below.NetConn()
	}
}
