// Package listen opens the appliance's sockets, or takes those that systemd has opened for it, and tells systemd how the
// appliance is.
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

// Open opens a socket for every spec, in their order. addr is the address to listen on, "" for all of IPv4 and IPv6 (or
// IPv4 alone where the other is off). Sockets from systemd come first, matched by name or by port; a service may have
// several of these, and addr does not bear on them.
//
// The error names service, port and cure, and nothing is left open then. The environment of the systemd protocol is
// unset, so a second Open does not find it.
func Open(ctx context.Context, addr string, specs []Spec) ([]Listener, error) {
	inherited, err := takeInherited()
	if err != nil {
		return nil, err
	}
	open, rest := match(inherited, specs)
	if len(rest) > 0 {
		closeAll(open)
		return nil, strangers(rest)
	}
	var all []Listener
	for i, spec := range specs {
		found := open[i]
		if len(found) == 0 {
			l, err := openOne(ctx, addr, spec)
			if err != nil {
				closeAll(append(open, all))
				return nil, err
			}
			found = []Listener{{spec, l}}
		}
		all = append(all, found...)
	}
	return all, nil
}

// closeAll closes what was opened so far. Closing twice is harmless, and its error would only hide the real one.
func closeAll(groups [][]Listener) {
	for _, group := range groups {
		for _, l := range group {
			l.Close()
		}
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
