// Package limit holds caps on connections and the login guard.
package limit

import (
	"net"
	"net/netip"
	"time"
)

// Conns caps connections; a zero cap means none.
type Conns struct {
	All         int
	PerAddress  int
	PerLoopback int
}

func (c *Conns) Acquire(addr netip.Addr) (release func(), ok bool)          { panic("stub") }
func Listener(l net.Listener, c *Conns, refuse func(net.Conn)) net.Listener { panic("stub") }

type Guard struct {
	Free     int           // failures without a delay
	Base     time.Duration // delay of the first failure beyond Free, doubled by each further one
	Max      time.Duration // no delay is longer
	HalfLife time.Duration // the count of failures halves in this time
	Trust    time.Duration // how long a successful address is exempt
	Entries  int           // cap of each table
	Now      func() time.Time
}

func (g *Guard) Delay(addr netip.Addr, account string) time.Duration { panic("stub") }
func (g *Guard) Failed(addr netip.Addr, account string)              { panic("stub") }
func (g *Guard) Succeeded(addr netip.Addr, account string)           { panic("stub") }
