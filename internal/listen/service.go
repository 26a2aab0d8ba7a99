package listen

import (
	"context"
	"net"
)

// Server is one protocol server. Serve is called once for every listener, at the same time, and returns nil after
// Shutdown. Shutdown closes the listeners, lets commands in flight end until ctx is over, then closes what is left.
type Server interface {
	Serve(l net.Listener, implicitTLS bool) error
	Shutdown(ctx context.Context) error
}

// Service is one row of a table of ports.
type Service struct {
	Name        string // as of Spec
	Standard    int    // TCP; the port by which programs know it
	ImplicitTLS bool
	Server      Server // several services may have the same, which is comparable
	Purpose     string // key of a text
}

// Port is a service on an open socket. systemd may give a service several.
type Port struct {
	Service
	net.Listener
}
