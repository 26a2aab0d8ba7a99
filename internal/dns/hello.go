package dns

import (
	"context"
	"net/netip"
	"slices"
	"strings"
)

// HelloName chooses the name to greet other servers with (RFC 5321 §4.1.4):
// the first candidate that leads to one of our public addresses, which is what
// receivers check; else the first that could, being a whole name of the public
// DNS; else an address literal of ours. Names that are neither are no choice
// at all: many receivers refuse them. addrs are the addresses under which the
// world sees us, the preferred one first; those that are not public count only
// for the literal. The result is in A-labels and never empty.
func HelloName(ctx context.Context, r Resolver, candidates []string, addrs []netip.Addr) string {
	var names []string
	for _, c := range candidates {
		if name, err := toASCII(c); err == nil && isPublicName(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	public := publicOf(addrs)
	for _, name := range names {
		if len(public) > 0 && leadsTo(ctx, r, name, public) {
			return name
		}
	}
	if len(names) > 0 {
		return names[0]
	}
	return helloLiteral(append(public, addrs...))
}

func leadsTo(ctx context.Context, r Resolver, name string, addrs []netip.Addr) bool {
	a, err := r.Addresses(ctx, name)
	return err == nil && slices.ContainsFunc(a.Records, func(addr netip.Addr) bool { return slices.Contains(addrs, addr) })
}

// isPublicName tells that a name, in A-labels, can exist in the public DNS: two
// labels at least, those of hosts, and under no top that is for homes or for nobody.
func isPublicName(name string) bool {
	labels := strings.Split(name, ".")
	if len(labels) < 2 || !isHost(name) || strings.Contains(name, "_") || isNowhere(name) {
		return false
	}
	for _, label := range labels {
		if label[0] == '-' || label[len(label)-1] == '-' { // RFC 1123 §2.1
			return false
		}
	}
	top := labels[len(labels)-1]
	if isDigits(top[len(top)-1:]) { // an address, or what some take for one
		return strings.HasPrefix(top, "xn--")
	}
	// RFC 6762 (local) and its appendix G, RFC 8375 (home.arpa), and "internal",
	// which ICANN set aside for such use.
	home := []string{"local", "localdomain", "lan", "home", "intranet", "internal", "private", "corp"}
	return !slices.Contains(home, top) && !strings.HasSuffix("."+name, ".home.arpa")
}

// publicOf keeps the addresses that the world can reach.
func publicOf(addrs []netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap().WithZone(""); IsPublic(a) {
			out = append(out, a)
		}
	}
	return out
}

// IsPublic tells that an address can be reached from everywhere: it is not
// private, shared by a provider's customers (RFC 6598), or of this link or machine.
func IsPublic(a netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a)
}

// helloLiteral is the first address as a literal (RFC 5321 §4.1.3).
func helloLiteral(addrs []netip.Addr) string {
	for _, a := range addrs {
		switch a = a.Unmap().WithZone(""); {
		case a.Is4():
			return "[" + a.String() + "]"
		case a.Is6():
			return "[IPv6:" + a.String() + "]"
		}
	}
	return "[127.0.0.1]"
}
