package message

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// normalDomain is the one form of a domain or address literal.
func normalDomain(s string) (string, error) {
	if strings.HasPrefix(s, "[") {
		return normalLiteral(s)
	}
	if len(s) > 4*maxDomain { // no name so long fits once converted
		return "", errDomainLong
	}
	if isPlainDomain(s) {
		return checkDomain(strings.ToLower(s), s)
	}
	u, err := domainProfile.ToUnicode(s)
	if err != nil {
		return "", errDomain
	}
	a, err := domainProfile.ToASCII(u)
	if err != nil {
		return "", errDomain
	}
	return checkDomain(u, a)
}

// domainProfile maps to lower case and NFC, and checks labels as RFC 5891 §5
// has it, but keeps deviation characters such as ß (non-transitional).
var domainProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))

// isPlainDomain tells that s needs no conversion between U-labels and A-labels.
func isPlainDomain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
		if i+4 <= len(s) && strings.EqualFold(s[i:i+4], "xn--") {
			return false
		}
	}
	return true
}

// checkDomain returns normal when ascii, its A-label form, obeys RFC 5321
// §4.1.2 Domain and the lengths of RFC 1035 §2.3.4. Underscores pass: they
// resolve, and hosts that have them do send mail.
func checkDomain(normal, ascii string) (string, error) {
	if len(ascii) > maxDomain { // RFC 5321 §4.5.3.1.2
		return "", errDomainLong
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return "", errDomain
		}
		for i := range len(label) {
			c := label[i]
			if c != '-' && c != '_' && !isAlnum(c) {
				return "", errDomain
			}
		}
	}
	return normal, nil
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// normalLiteral reads an address literal of RFC 5321 §4.1.3. The general form
// is refused: no other kind is registered.
func normalLiteral(s string) (string, error) {
	inside, ok := strings.CutSuffix(s[1:], "]")
	if !ok {
		return "", errDomain
	}
	const tag = "IPv6:"
	six := len(inside) > len(tag) && strings.EqualFold(inside[:len(tag)], tag)
	if six {
		inside = inside[len(tag):]
	}
	ip, err := netip.ParseAddr(inside)
	if err != nil || ip.Is4() == six || ip.Zone() != "" {
		return "", errDomain
	}
	return literal(ip), nil
}

// literal is the address literal of ip with its brackets.
func literal(ip netip.Addr) string {
	if ip.Is4() {
		return "[" + ip.String() + "]"
	}
	return "[IPv6:" + ip.String() + "]"
}
