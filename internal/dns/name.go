package dns

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	wire "github.com/miekg/dns"
	"golang.org/x/net/idna"
)

// question is what is asked about: the key of the cache too.
type question struct {
	name string // A-labels, lower case, with the final dot; octets that are no host name's are escaped
	kind uint16 // wire.TypeMX, …
}

// idnaProfile turns U-labels into A-labels as package message does, and leaves underscores alone.
var idnaProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))

// Lengths of RFC 1035 §2.3.4, in octets, as text without the final dot.
const (
	maxName  = 253
	maxLabel = 63
)

// ask makes the question for a name as people and mail write it.
func ask(name string, kind uint16) (question, error) {
	ascii, err := toASCII(name)
	if err != nil {
		return question{}, &Error{Name: name, Type: kindName(kind), Err: ErrName}
	}
	return question{name: ascii + ".", kind: kind}, nil
}

// toASCII is the one form of a name: A-labels, lower case, no final dot. The root alone is refused.
func toASCII(name string) (string, error) {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 4*maxName || !utf8.ValidString(name) { // no name so long fits once converted
		return "", ErrName
	}
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			var err error
			if name, err = idnaProfile.ToASCII(name); err != nil {
				return "", ErrName
			}
			break
		}
	}
	if !isName(name) {
		return "", ErrName
	}
	return strings.ToLower(name), nil
}

// isName tells that DNS can be asked. Octets that zone files escape are
// refused: whoever has one in a domain means to confuse.
func isName(name string) bool {
	if len(name) > maxName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
		for i := range len(label) {
			if label[i] <= ' ' || label[i] > '~' || strings.IndexByte(`\"();@`, label[i]) >= 0 {
				return false
			}
		}
	}
	return true
}

// isHost tells that a name can be a host's: what may be shown, logged and
// written into a header without a second thought. Underscores pass: they
// resolve, and hosts that have them do send mail.
func isHost(name string) bool {
	if !isName(name) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// plain is a name of an answer as we give it: lower case, no final dot.
func plain(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// reverseName is where the names of an address are (RFC 1035 §3.5, RFC 3596 §2.5).
func reverseName(addr netip.Addr) (string, error) {
	name, err := wire.ReverseAddr(addr.Unmap().WithZone("").String())
	if err != nil { // the zero Addr
		return "", &Error{Name: addr.String(), Type: "PTR", Err: ErrName}
	}
	return name, nil
}

// kindName is the type as people write it.
func kindName(kind uint16) string { return wire.Type(kind).String() }
