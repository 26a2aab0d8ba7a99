package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// Options of NewPorts; all of it is needed.
type Options struct {
	Sockets *Sockets
	Addr    string                                            // to listen on, as Sockets.Open has it
	Table   []Service                                         // all services that there will ever be
	Port    func(standard int) int                            // which port takes the place of a standard one; 0 is any free one
	First   func(Service) bool                                // which of them OpenFirst opens; asked once
	Count   func(l net.Listener, service string) net.Listener // sees every connection
	Log     *slog.Logger
}

// Ports is the table with what is open of it, from the first socket to the last connection. It is safe for concurrent use.
type Ports struct {
	Options
	specs   []Spec // of the rows of the table
	first   []Spec // those of First
	rest    []Spec // the others
	failed  chan error
	serving sync.WaitGroup

	mu   sync.Mutex
	open []Port
}

// NewPorts takes over the sockets that systemd has for the table, and opens nothing.
func NewPorts(o Options) (*Ports, error) {
	p := &Ports{Options: o, failed: make(chan error, 1)}
	for _, s := range o.Table {
		spec := Spec{Name: s.Name, Port: o.Port(s.Standard)}
		p.specs = append(p.specs, spec)
		if o.First(s) {
			p.first = append(p.first, spec)
		} else {
			p.rest = append(p.rest, spec)
		}
	}
	return p, o.Sockets.Take(p.specs)
}

// OpenFirst opens the first ones, or none, and serves there. The others are tried, too: whoever is to have them opened later
// must not hear then that they are taken.
func (p *Ports) OpenFirst(ctx context.Context) error {
	if err := p.Sockets.Try(ctx, p.Addr, p.rest); err != nil {
		return err
	}
	return p.serveAt(ctx, p.first)
}

// OpenRest opens the others once until returns nil; its error is that of until, too. Whoever comes before that to a socket
// that systemd has open for us already is turned away.
func (p *Ports) OpenRest(ctx context.Context, until func(context.Context) error) error {
	if err := p.turnAwayUntil(ctx, until); err != nil {
		return err
	}
	return p.serveAt(ctx, p.rest)
}

func (p *Ports) turnAwayUntil(ctx context.Context, until func(context.Context) error) error {
	turning, stop := context.WithCancel(ctx)
	var turned sync.WaitGroup
	turned.Go(func() {
		if err := p.Sockets.TurnAway(turning, p.rest); err != nil {
			p.Log.Warn("cannot turn away who comes before the owner", "err", err)
		}
	})
	defer turned.Wait()
	defer stop()
	return until(ctx)
}

// serveAt opens all of the specs, or none, and serves there.
func (p *Ports) serveAt(ctx context.Context, specs []Spec) error {
	listeners, err := p.Sockets.Open(ctx, p.Addr, specs)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range listeners {
		service := p.Table[slices.Index(p.specs, l.Spec)]
		port := Port{service, p.Count(l, service.Name)}
		p.open = append(p.open, port)
		p.serving.Go(func() { p.serve(port) })
	}
	return nil
}

func (p *Ports) serve(port Port) {
	if err := port.Server.Serve(port.Listener, port.ImplicitTLS); err != nil && !errors.Is(err, net.ErrClosed) {
		p.Fail(fmt.Errorf("%s on %s: %w", port.Name, port.Addr(), err))
	}
}

// Fail says why ports cannot go on. The first reason is the one that is told.
func (p *Ports) Fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// Failed gives the first reason why a port was given up, once.
func (p *Ports) Failed() <-chan error { return p.failed }

// Listening are the ports that are open, in the order of the table.
func (p *Ports) Listening() []Port {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := func(port Port) int {
		return slices.IndexFunc(p.Table, func(s Service) bool { return s.Name == port.Name })
	}
	return slices.SortedStableFunc(slices.Values(p.open), func(x, y Port) int { return at(x) - at(y) })
}

// At is where a service listens; the zero value where it does not.
func (p *Ports) At(service string) (at netip.AddrPort) {
	for _, port := range p.Listening() {
		if tcp, ok := port.Addr().(*net.TCPAddr); ok && port.Name == service {
			at = tcp.AddrPort()
		}
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// Addresses are where the services listen that are open, by standard port.
func (p *Ports) Addresses() map[int]string {
	all := make(map[int]string)
	for _, port := range p.Listening() {
		all[port.Standard] = port.Addr().String()
	}
	return all
}

// Shutdown ends all servers, and lets commands in flight end until ctx is over. No port may be opened at the same time or
// after it.
func (p *Ports) Shutdown(ctx context.Context) {
	var ending sync.WaitGroup
	for _, s := range p.servers() {
		ending.Go(func() {
			if err := s.Shutdown(ctx); err != nil {
				p.Log.Warn("connections were cut at shutdown", "err", err)
			}
		})
	}
	ending.Wait()
	for _, port := range p.Listening() {
		port.Close() // closed already, but by a server that was stopped before it had begun
	}
	p.serving.Wait()
}

// servers are those of the table, each once.
func (p *Ports) servers() (all []Server) {
	for _, s := range p.Table {
		if !slices.Contains(all, s.Server) {
			all = append(all, s.Server)
		}
	}
	return all
}
