// Package outside is the outside eye: a tiny checker on a rented host that tells a Buzon at home which of its ports the
// world reaches, and the client that asks it. A home cannot see that by itself: most routers do not lead back in what
// comes from within.
//
// Invariants: the checker connects to nothing but the address that the request came from, over TCP, where it cannot be
// forged, and only to Ports; it believes no header. Every address is slowed, looks at once are capped, whatever the other
// side sends is cut short. So there is nothing to scan others with.
//
// HTTP without TLS: the answer is no secret, and whoever could forge it stands on the line anyway.
package outside

import (
	"net/netip"
	"time"
)

// Ports are those that may be asked for: the ones of a mail server that the world is to reach.
func Ports() []int { return []int{25, 80, 443, 465, 587, 993, 995} }

// DefaultPort is where a checker listens.
const DefaultPort = 8025

// path is the one page there is.
const path = "/look"

// States of a port.
const (
	Open   = "open"   // a connection was made
	Closed = "closed" // somebody said that nothing listens there
	Silent = "silent" // nobody answered: a firewall, or no way there
)

// Answer is what a checker saw.
type Answer struct {
	Address netip.Addr `json:"address"` // where the request came from
	Ports   []Port     `json:"ports"`
}

// Port is one port from outside.
type Port struct {
	Port     int    `json:"port"`
	State    string `json:"state"`
	Greeting string `json:"greeting,omitempty"` // first line of the server, printable ASCII
	TLS      *TLS   `json:"tls,omitempty"`      // nil: none was spoken
}

// TLS is the certificate that was shown.
type TLS struct {
	Names   []string  `json:"names"`
	Until   time.Time `json:"until"`
	Trusted bool      `json:"trusted"` // the checker believes it for the name that was asked for
}

// Find gives the state of a port; Silent where it was not asked for.
func (a Answer) Find(port int) Port {
	for _, p := range a.Ports {
		if p.Port == port {
			return p
		}
	}
	return Port{Port: port, State: Silent}
}
