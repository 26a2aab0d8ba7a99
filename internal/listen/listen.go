// Package listen opens the appliance's sockets, or takes those that systemd has opened for it, and tells systemd how the
// appliance is. Ports is the life of a table of them: the first ones, the rest once somebody may use them, the servers behind
// them, and the end.
//
// Invariants: all sockets are had or none; a port is never changed silently; nothing that we start inherits a socket.
package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A phone that idles is woken by every probe, so they are rare: Go's own 15 seconds would empty its battery. Often enough
// to keep a home router's entry for the connection, and to be rid of a peer that is gone within ten minutes.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 5 * time.Minute, Interval: time.Minute, Count: 5}

// Spec is one service to listen for.
type Spec struct {
	Name string // as people know it, and as FileDescriptorName= in a systemd socket unit: "smtp", "imaps"
	Port int    // TCP; 0 takes any free one
}

// Listener is an open socket and what it is for.
type Listener struct {
	Spec
	net.Listener
}

// Sockets are those that systemd has opened for us. They stay until the process ends, whatever becomes of the listeners that
// are made of them. The zero value is ready for Take.
type Sockets struct {
	taken bool
	found map[Spec][]inheritedSocket
}

// Take takes over the sockets that systemd passed, matched by name or by port; a service may have several. specs are all
// services that there will ever be: a socket for none of them is an error. The environment of the systemd protocol is unset,
// and a second Take does nothing.
func (s *Sockets) Take(specs []Spec) error {
	if s.taken {
		return nil
	}
	inherited, err := takeInherited()
	if err != nil {
		return err
	}
	found, rest := match(inherited, specs)
	if len(rest) > 0 {
		for _, sockets := range found {
			closeSockets(sockets)
		}
		return strangers(rest)
	}
	s.taken, s.found = true, found
	return nil
}

// Open opens a socket for every spec, in their order. addr is the address to listen on, "" for all of IPv4 and IPv6 (or
// IPv4 alone where the other is off). Services for which systemd passed sockets get those, and addr does not bear on them.
//
// The error names service, port and cure, and nothing is left open then.
func (s *Sockets) Open(ctx context.Context, addr string, specs []Spec) ([]Listener, error) {
	var all []Listener
	for _, spec := range specs {
		opened, err := s.open(ctx, addr, spec)
		all = append(all, opened...)
		if err != nil {
			closeAll(all)
			return nil, err
		}
	}
	return all, nil
}

// open opens the sockets of one service; beside an error it gives those that were opened before it.
func (s *Sockets) open(ctx context.Context, addr string, spec Spec) ([]Listener, error) {
	inherited := s.found[spec]
	if len(inherited) == 0 {
		l, err := openOne(ctx, addr, spec)
		if err != nil {
			return nil, err
		}
		return []Listener{{spec, l}}, nil
	}
	var all []Listener
	for _, socket := range inherited {
		l, err := socket.listen()
		if err != nil {
			return all, fmt.Errorf("socket %q from systemd: %w", socket.name, err)
		}
		all = append(all, Listener{spec, l})
	}
	return all, nil
}

// Try tells whether Open would succeed now, and leaves nothing open.
func (s *Sockets) Try(ctx context.Context, addr string, specs []Spec) error {
	all, err := s.Open(ctx, addr, specs)
	closeAll(all)
	return err
}

// closeAll closes what was opened so far. Closing twice is harmless, and its error would only hide the real one.
func closeAll(listeners []Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

func openOne(ctx context.Context, addr string, spec Spec) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: keepAlive}
	host := strings.TrimSuffix(strings.TrimPrefix(addr, "["), "]")
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(spec.Port)))
	if err != nil {
		return nil, fmt.Errorf("cannot open port %d (%s): %s (%w)", spec.Port, spec.Name, cure(err, addr, spec.Port), err)
	}
	return l, nil
}

// cure says what a person can do about it.
func cure(err error, addr string, port int) string {
	switch {
	case errors.Is(err, syscall.EACCES):
		return "ports below 1024 need a privilege: run as root, give CAP_NET_BIND_SERVICE, or use --ports high"
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("another program has it; find out which with: ss -ltnp 'sport = :%d'", port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("this machine has no address %s; see those it has with: ip address", addr)
	}
	return "check the address to listen on"
}
