// Package limit keeps strangers from using up a small machine: caps on connections, and a login guard that slows guessing
// down without locking anybody out.
//
// Invariants: everything is bounded by its own caps, nothing here sleeps or starts a timer, and no account or address is
// ever refused for good: a delay has a maximum and fades.
package limit

import (
	"net/netip"
	"sync"
)

// Conns counts connections and caps them. A cap of zero means none. It may be shared by many listeners; the caps must
// not change once it is in use.
type Conns struct {
	All         int // connections in all
	PerAddress  int // connections per address, see Key
	PerLoopback int // connections per loopback address: our own programs, or a proxy that hides many people

	mu     sync.Mutex
	total  int
	counts map[netip.Addr]int // an entry goes when its count is zero, so All bounds the map
}

// Acquire takes a place for a connection from addr. Where there is one, release gives it back; calling it again does
// nothing. Where there is none, ok is false and release is nil.
func (c *Conns) Acquire(addr netip.Addr) (release func(), ok bool) {
	k := Key(addr)
	most := c.PerAddress
	if k.IsLoopback() {
		most = c.PerLoopback
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if full(c.total, c.All) || full(c.counts[k], most) {
		return nil, false
	}
	if c.counts == nil {
		c.counts = make(map[netip.Addr]int)
	}
	c.total++
	c.counts[k]++
	return sync.OnceFunc(func() { c.release(k) }), true
}

// Open is how many connections there are.
func (c *Conns) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

func (c *Conns) release(k netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	c.counts[k]--
	if c.counts[k] == 0 {
		delete(c.counts, k)
	}
}

func full(n, most int) bool { return most > 0 && n >= most }

// Key is what counts as one address. A customer gets a /64 of IPv6 at least (RFC 6177 §2), so that counts as one; but in
// private and link-local ranges it would be a whole home, and there everybody counts alone.
func Key(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() || addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() {
		return addr
	}
	prefix, err := addr.Prefix(64)
	if err != nil { // cannot be: the address is IPv6
		return addr
	}
	return prefix.Addr()
}
