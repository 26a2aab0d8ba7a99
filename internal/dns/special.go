package dns

import (
	"errors"
	"net/netip"
	"strings"
	"time"
)

// isLocalhost: RFC 6761 §6.3, such names are this machine and DNS is not asked.
func isLocalhost(name string) bool {
	name = plain(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// loopback is what localhost means. Nobody else vouches for it.
func loopback(name string) Answer[netip.Addr] {
	return Answer[netip.Addr]{
		Name: plain(name), TTL: time.Hour,
		Records: []netip.Addr{netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})},
	}
}

// isNowhere: RFC 6761 §6.3 and §6.4, RFC 7686 §2: these names have no records
// and a question would only tell others what we are about.
func isNowhere(name string) bool {
	name = plain(name)
	return isLocalhost(name) || name == "invalid" || strings.HasSuffix(name, ".invalid") ||
		name == "onion" || strings.HasSuffix(name, ".onion")
}

func isTemporary(err error) bool { return errors.Is(err, ErrTemporary) }
