package listen

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// Private gives the addresses by which a browser in the same home reaches this machine: those of private networks (RFC 1918,
// RFC 4193), then those that IPv4 gives itself without a router (RFC 3927). IPv6's of the link alone are not among them:
// browsers do not understand their zone.
func Private() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of this machine: %w", err)
	}
	var usual, last []netip.Addr
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		addr, _ := netip.AddrFromSlice(n.IP)
		switch addr = addr.Unmap(); {
		case addr.IsPrivate():
			usual = append(usual, addr)
		case addr.Is4() && addr.IsLinkLocalUnicast():
			last = append(last, addr)
		}
	}
	slices.SortStableFunc(usual, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() }) // IPv4 first: it is easier to type
	return append(usual, last...), nil
}

// Reached gives the addresses by which a browser in the same home reaches what listens on addr.
func Reached(addr netip.Addr) ([]netip.Addr, error) {
	if addr.IsUnspecified() {
		return Private()
	}
	return []netip.Addr{addr}, nil
}
