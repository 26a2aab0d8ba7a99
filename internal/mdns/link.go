package mdns

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

const (
	maxLinks = 16 // of which there are two for an interface; a socket may be in 20 groups (net.ipv4.igmp_max_memberships)
	maxTold  = 8  // addresses of one interface, so that an answer fits into a packet
)

// Link is an interface with one of the families of IP.
type Link struct {
	Index int
	Six   bool           // IPv6
	Own   []netip.Addr   // all addresses of the interface, of both families
	Told  []netip.Addr   // those of them that are told
	Nets  []netip.Prefix // those from which somebody is on the link
}

// key tells links apart.
type key struct {
	index int
	six   bool
}

func (l Link) key() key { return key{l.Index, l.Six} }

func (l Link) same(m Link) bool {
	return l.key() == m.key() && slices.Equal(l.Told, m.Told) && slices.Equal(l.Nets, m.Nets)
}

// holds tells whether an address is on the link.
func (l Link) holds(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(l.Nets, func(n netip.Prefix) bool { return n.Contains(a) })
}

// Links are those of the system that are up and have neighbours.
func Links() ([]Link, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("interfaces: %w", err)
	}
	var all []Link
	for _, i := range interfaces {
		const want = net.FlagUp | net.FlagMulticast | net.FlagRunning
		if i.Flags&want != want || i.Flags&(net.FlagLoopback|net.FlagPointToPoint) != 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it went away at this moment
		}
		all = append(all, linksOf(i.Index, addrs)...)
	}
	return all[:min(len(all), maxLinks)], nil
}

// linksOf are the links of one interface: for each family of which it has an address.
func linksOf(index int, addrs []net.Addr) (links []Link) {
	four, six := Link{Index: index}, Link{Index: index, Six: true}
	var own, told []netip.Addr
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		addr, _ := netip.AddrFromSlice(n.IP)
		addr = addr.Unmap()
		bits, _ := n.Mask.Size()
		if addr.Is4() {
			four.Nets = append(four.Nets, netip.PrefixFrom(addr, bits).Masked())
		} else {
			six.Nets = append(six.Nets, netip.PrefixFrom(addr, bits).Masked())
		}
		own = append(own, addr)
		if addr.IsPrivate() || addr.IsLinkLocalUnicast() {
			told = append(told, addr)
		}
	}
	slices.SortFunc(told, netip.Addr.Compare) // so that the same addresses are the same link, and IPv4 comes first
	told = told[:min(len(told), maxTold)]
	for _, l := range []Link{four, six} {
		if l.Own, l.Told = own, told; len(l.Nets) > 0 {
			links = append(links, l)
		}
	}
	return links
}
