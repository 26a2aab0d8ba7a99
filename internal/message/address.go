package message

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Address is the mailbox of an envelope (RFC 5321 §4.1.2, RFC 6531 §3.3). The
// zero value is the null reverse-path "<>". Domain is lower case and, for an
// internationalised name, in its U-label form; an address literal keeps its
// brackets. Local is unquoted. Local "postmaster" with an empty Domain is the
// one address without a domain (RFC 5321 §4.5.1).
type Address struct{ Local, Domain string }

// ErrAddress is what every error of ParseAddress wraps.
var ErrAddress = errors.New("not a mail address")

// ParseAddress reads the content of an envelope path, without its angle
// brackets. The empty string is an error: whoever may see the null
// reverse-path looks for it first. Source routes are accepted and dropped.
func ParseAddress(s string) (Address, error) {
	if strings.EqualFold(s, "postmaster") { // RFC 5321 §4.5.1
		return Address{Local: "postmaster"}, nil
	}
	local, domain, err := splitAddress(dropRoute(s))
	if err != nil {
		return Address{}, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	domain, err = normalDomain(domain)
	if err != nil {
		return Address{}, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return Address{Local: local, Domain: domain}, nil
}

// dropRoute removes "@a,@b:". RFC 5321 §4.1.2 and appendix C: a source route
// must be accepted and should be ignored.
func dropRoute(s string) string {
	if !strings.HasPrefix(s, "@") {
		return s
	}
	_, mailbox, _ := strings.Cut(s, ":")
	return mailbox
}

var (
	errNoDomain   = errors.New("the domain is missing")
	errLocal      = errors.New("the part before @ is not valid")
	errLocalLong  = errors.New("the part before @ is longer than 64 octets")
	errDomain     = errors.New("the domain is not valid")
	errDomainLong = errors.New("the domain is longer than 255 octets")
)

func splitAddress(s string) (local, domain string, err error) {
	if strings.HasPrefix(s, `"`) {
		local, domain, err = splitQuoted(s)
	} else {
		local, domain, err = splitDotted(s)
	}
	if err != nil {
		return "", "", err
	}
	// RFC 5321 §4.5.3.1.1.
	if len(local) > maxLocal {
		return "", "", errLocalLong
	}
	return local, domain, nil
}

// splitDotted reads an unquoted local part. RFC 5321 §4.1.2 forbids a dot at
// either end or two in a row; large providers issued such addresses, so they are
// accepted here and quoted by String.
func splitDotted(s string) (local, domain string, err error) {
	local, domain, ok := strings.Cut(s, "@")
	if !ok {
		return "", "", errNoDomain
	}
	if local == "" || !utf8.ValidString(local) {
		return "", "", errLocal
	}
	for _, r := range local {
		if r != '.' && !isAtext(r) {
			return "", "", errLocal
		}
	}
	return local, domain, nil
}

// splitQuoted reads a local part that starts with a quote (RFC 5321 §4.1.2
// Quoted-string, RFC 6531 §3.3 qtextSMTP).
func splitQuoted(s string) (local, domain string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			domain, ok := strings.CutPrefix(s[i+1:], "@")
			if !ok {
				return "", "", errNoDomain
			}
			if local = b.String(); !quotable(local) {
				return "", "", errLocal
			}
			return local, domain, nil
		case '\\':
			if i++; i == len(s) {
				return "", "", errLocal
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", errLocal
}

// quotable tells whether a quoted string may hold local. An empty one could not
// be told from the null reverse-path.
func quotable(local string) bool {
	if local == "" || !utf8.ValidString(local) {
		return false
	}
	return strings.IndexFunc(local, unicode.IsControl) < 0
}

// isAtext is atext of RFC 5322 §3.2.3 with the UTF-8 of RFC 6532 §3.2.
func isAtext(r rune) bool {
	if r >= utf8.RuneSelf {
		return !unicode.IsControl(r) && !unicode.IsSpace(r)
	}
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
		strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}
