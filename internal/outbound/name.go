package outbound

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

var errName = errors.New("not a host name")

// asciiName is name in A-labels, lower case, without a final dot (RFC 5891 §5, RFC 6531 §3.7.1: what is asked of the DNS
// and shown to certificates is always this form).
func asciiName(name string) (string, error) {
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))
	ascii, err := profile.ToASCII(strings.TrimSuffix(name, "."))
	if err != nil || ascii == "" || len(ascii) > 253 {
		return "", errName
	}
	// The conversion lets letters pass that it refuses in A-labels, such as those of broken UTF-8: no such name exists.
	if again, err := profile.ToASCII(ascii); err != nil || again != ascii {
		return "", errName
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if !isLabel(label) {
			return "", errName
		}
	}
	return strings.ToLower(ascii), nil
}

// isLabel allows underscores: such hosts resolve and take mail.
func isLabel(label string) bool {
	if label == "" || len(label) > 63 {
		return false
	}
	for i := range len(label) {
		if c := label[i]; c != '-' && c != '_' && !isAlnum(c) {
			return false
		}
	}
	return true
}

// literalAddr reads the domain of user@[192.0.2.1] or user@[IPv6:2001:db8::1] (RFC 5321 §4.1.3).
func literalAddr(domain string) (netip.Addr, bool) {
	inside, ok := strings.CutPrefix(domain, "[")
	if !ok {
		return netip.Addr{}, false
	}
	inside = strings.TrimSuffix(inside, "]")
	if len(inside) > 5 && strings.EqualFold(inside[:5], "IPv6:") {
		inside = inside[5:]
	}
	addr, err := netip.ParseAddr(inside)
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}
