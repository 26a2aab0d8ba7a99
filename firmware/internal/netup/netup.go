// Package netup gives the machine its network: every Ethernet link is switched on, gets an address by DHCP (RFC 2131), by
// router advertisements (RFC 4861, which the kernel does) or from the owner's settings, and name servers come from all three.
//
// Invariants: a cable that is pulled takes nothing away until the lease is over, so that connections live through it; one
// that is put in asks for an address at once, as it may be another network. What one link lost is never taken from another.
// With an address in the settings nothing is asked for on the first link, which has it.
package netup

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"buzon/firmware/internal/rtnl"
)

// Static is what the owner decided; its zero value is nothing.
type Static struct {
	Addresses []netip.Prefix
	Gateways  []netip.Addr // the first one of each family counts
	DNS       []netip.Addr
}

// Kernel is what it is asked for; *rtnl.Conn is it. A test has another.
type Kernel interface {
	Links() ([]rtnl.Link, error)
	Addresses() ([]rtnl.Address, error)
	SetUp(index int) error
	AddAddress(index int, p netip.Prefix) error
	RemoveAddress(index int, p netip.Prefix) error
	SetDefault(r rtnl.Route) error
	RemoveDefault(r rtnl.Route) error
}

// Options is what a Network is made of.
type Options struct {
	Static  Static
	Kernel  Kernel
	Ask     Asker                      // for addresses; DHCP{} is the real one
	Resolve func(servers []netip.Addr) // is called when the name servers change
	Changed func()                     // is called when State may be another
	Log     *slog.Logger
}

// State is a link and its addresses, without those that reach no further than itself.
type State struct {
	Name      string
	Carrier   bool
	Addresses []netip.Prefix
}

// Network is safe for concurrent use.
type Network struct {
	Options
	bell    chan struct{} // something changed
	running sync.WaitGroup

	mu     sync.Mutex
	lanes  map[int]*lane // by index of the link
	static int           // index of the link that has the static addresses; 0: none yet
	state  []State
	told   []resolvers // by router advertisements
	shown  string      // name servers, as last told to Resolve
}

// New makes one, which does nothing before Run.
func New(o Options) *Network {
	return &Network{Options: o, bell: make(chan struct{}, 1), lanes: map[int]*lane{}}
}

// Look says that something changed in the kernel. It never waits.
func (n *Network) Look() {
	select {
	case n.bell <- struct{}{}:
	default: // already rung
	}
}

// State is how things are.
func (n *Network) State() []State {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.state)
}

// Run looks after the network until ctx is over. Addresses stay then.
func (n *Network) Run(ctx context.Context) {
	defer n.running.Wait()
	for {
		if err := n.look(ctx); err != nil {
			n.Log.Warn("cannot look at the network", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-n.bell:
		}
	}
}

// look compares the links with what we knew.
func (n *Network) look(ctx context.Context) error {
	links, err := n.Kernel.Links()
	if err != nil {
		return err
	}
	addresses, err := n.Kernel.Addresses()
	if err != nil {
		return err
	}
	slices.SortFunc(links, func(a, b rtnl.Link) int { return strings.Compare(a.Name, b.Name) })
	for _, l := range links {
		if !l.Up {
			if err := n.Kernel.SetUp(l.Index); err != nil {
				n.Log.Warn("cannot switch a link on", "link", l.Name, "err", err)
			}
		}
		if l.Ethernet {
			n.lane(ctx, l).carrier(l.Carrier)
		}
	}
	n.forget(links)
	n.keep(links, addresses)
	return nil
}

// lane is what looks after a link, made when the link is new.
func (n *Network) lane(ctx context.Context, l rtnl.Link) *lane {
	n.mu.Lock()
	defer n.mu.Unlock()
	if old, ok := n.lanes[l.Index]; ok {
		return old
	}
	ctx, end := context.WithCancel(ctx)
	a := &lane{network: n, link: l, end: end, cable: make(chan bool, 1)}
	n.lanes[l.Index] = a
	if n.static == 0 && len(n.Static.Addresses) > 0 {
		n.static = l.Index
		a.static = &n.Static
	}
	n.running.Go(func() { a.run(ctx) })
	return a
}

// forget ends the lanes of links that are no more, as those of a USB card.
func (n *Network) forget(links []rtnl.Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for index, a := range n.lanes {
		if !slices.ContainsFunc(links, func(l rtnl.Link) bool { return l.Index == index }) {
			a.end()
			delete(n.lanes, index)
			if n.static == index {
				n.static = 0
			}
		}
	}
}

// keep is what State tells.
func (n *Network) keep(links []rtnl.Link, addresses []rtnl.Address) {
	var state []State
	for _, l := range links {
		if !l.Ethernet {
			continue
		}
		s := State{Name: l.Name, Carrier: l.Carrier}
		for _, a := range addresses {
			if a.Index == l.Index && a.Usable && !a.Prefix.Addr().IsLinkLocalUnicast() {
				s.Addresses = append(s.Addresses, a.Prefix)
			}
		}
		state = append(state, s)
	}
	n.mu.Lock()
	same := slices.EqualFunc(n.state, state, func(a, b State) bool {
		return a.Name == b.Name && a.Carrier == b.Carrier && slices.Equal(a.Addresses, b.Addresses)
	})
	n.state = state
	n.mu.Unlock()
	if !same && n.Changed != nil {
		n.Changed()
	}
}
