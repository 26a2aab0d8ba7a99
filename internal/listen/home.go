package listen

import (
	"net"
	"net/netip"
)

// AtHome tells whether an address is of our own network: of this machine, of a private one (RFC 1918, RFC 4193), of one link,
// or of a public IPv6 network of ours, as homes have them beside a private one.
func AtHome(addr netip.Addr) bool {
	addr = addr.Unmap()
	if addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() {
		return true
	}
	if !addr.Is6() {
		return false // on a rented host the neighbours are strangers
	}
	all, err := net.InterfaceAddrs()
	return err == nil && neighbour(all, addr)
}

// neighbour tells whether one of the networks has the address, and one is private: then it is a home.
func neighbour(networks []net.Addr, addr netip.Addr) bool {
	found, home := false, false
	for _, a := range networks {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		own, _ := netip.AddrFromSlice(n.IP)
		ones, _ := n.Mask.Size()
		home = home || own.Unmap().IsPrivate()
		found = found || own.Is6() && !own.Is4In6() && ones >= 48 && n.Contains(addr.AsSlice())
	}
	return found && home
}
