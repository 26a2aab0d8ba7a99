package gate

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// isHome tells of addresses that the world has no access to: this machine, the home's network, a tunnel. No list knows
// them, and a proxy among them hides many people.
func isHome(a netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10) // RFC 6598: behind a provider's translation
	return !a.IsValid() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || shared.Contains(a)
}

func (g *Gate) home(a netip.Addr) bool {
	if g.Home != nil {
		return g.Home(a)
	}
	return isHome(a)
}

// Network is what counts as one sender where hosts take turns: the /24 of IPv4, the /64 of IPv6.
func Network(a netip.Addr) string {
	bits := 64
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return a.String() // the zero Addr
	}
	return p.String()
}

// organisation is the domain that somebody registered, of a host's confirmed name: the hosts of a big provider are many,
// in many networks, and one in this. "" where there is none.
func organisation(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
	if err != nil {
		return "" // the name is a public suffix itself
	}
	return domain
}
