package outbound

import (
	"net"
	"net/netip"
)

// maxAddresses of one host are tried. RFC 5321 §5.1 wants at least two; an attacker may list hundreds.
const maxAddresses = 6

// spread orders addresses for trying: IPv6 first, then IPv4, both kept in their given order. Where there are more than
// most, both families keep a share, so that a line without IPv6 does not meet six dead addresses and stop.
func spread(addrs []netip.Addr, most int) []netip.Addr {
	var six, four []netip.Addr
	for _, addr := range addrs {
		if addr = addr.Unmap(); addr.Is4() {
			four = append(four, addr)
		} else {
			six = append(six, addr)
		}
	}
	if len(six)+len(four) > most {
		share := max(most/2, most-len(four))
		six = six[:min(len(six), share)]
		four = four[:min(len(four), most-len(six))]
	}
	return append(six, four...)
}

// isHere tells whether mail sent to addr would come back to this machine, or to nobody at all.
func isHere(addr netip.Addr) bool {
	if addr.IsLoopback() || addr.IsUnspecified() || addr.IsMulticast() || addr.IsLinkLocalUnicast() {
		return true
	}
	ours, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, one := range ours {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil && prefix.Addr().Unmap() == addr {
			return true
		}
	}
	return false
}

func (s *Sender) here(addr netip.Addr) bool {
	if s.Here == nil {
		return isHere(addr)
	}
	return s.Here(addr)
}
