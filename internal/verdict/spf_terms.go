package verdict

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// term is one term of a record of SPF in its pieces, which make it whole again.
type term struct {
	qualifier string // "+", "-", "?", "~" or ""
	name      string // as written, up to the separator; of a modifier too
	separator string // ":" of a mechanism, "=" of a modifier, "" where nothing follows
	domain    string // a domain-spec, or the address of ip4 and ip6, or a modifier's value
	cidr      string // "/24", "/24//64", "//64" or ""
}

// Errors of a record's grammar (RFC 7208 §12).
var (
	errTerm      = errors.New("an unknown term")
	errTwice     = errors.New("a modifier stands twice") // RFC 7208 §6
	errSpec      = errors.New("a domain that is not valid")
	errMacro     = errors.New("a macro that is not valid")
	errNetwork   = errors.New("an address or network that is not valid")
	errCharacter = errors.New("an octet that is not allowed")
)

// checkTerms reads all terms of a record, those after a match too (RFC 7208 §4.6).
func checkTerms(terms []string) error {
	once := map[string]bool{}
	for _, text := range terms {
		t := cutTerm(text)
		if err := t.check(); err != nil {
			return fmt.Errorf("%w: %.60q", err, text)
		}
		if name := strings.ToLower(t.name); t.separator == "=" && (name == "redirect" || name == "exp") {
			if once[name] {
				return fmt.Errorf("%w: %s", errTwice, name)
			}
			once[name] = true
		}
	}
	return nil
}

// cutTerm cuts a term. A modifier's name ends at "=" before any ":" or "/" (RFC 7208 §4.6.1).
func cutTerm(s string) term {
	if i := strings.IndexAny(s, "=:/"); i > 0 && s[i] == '=' && isModifierName(s[:i]) {
		return term{name: s[:i], separator: "=", domain: s[i+1:]}
	}
	var t term
	if s != "" && strings.IndexByte("+-?~", s[0]) >= 0 {
		t.qualifier, s = s[:1], s[1:]
	}
	i := strings.IndexAny(s, ":/")
	if i < 0 {
		t.name = s
		return t
	}
	t.name = s[:i]
	if s[i] == '/' {
		t.cidr = s[i:]
		return t
	}
	t.separator = ":"
	t.domain, t.cidr = cutCIDR(s[i+1:])
	return t
}

// cutCIDR finds the prefix lengths at the end; any other "/" belongs to the domain.
func cutCIDR(s string) (rest, cidr string) {
	rest = s
	if at := strings.LastIndex(rest, "//"); at >= 0 && isDigits(rest[at+2:]) {
		rest = rest[:at]
	}
	if at := strings.LastIndexByte(rest, '/'); at >= 0 && isDigits(rest[at+1:]) {
		rest = rest[:at]
	}
	return rest, s[len(rest):]
}

func (t term) check() error {
	if t.separator == "=" {
		return t.checkModifier()
	}
	switch strings.ToLower(t.name) {
	case "all":
		return when(t.separator != "" || t.cidr != "", errTerm)
	case "include", "exists":
		if t.cidr != "" {
			return errSpec
		}
		return checkSpec(t.domain)
	case "ptr":
		if t.cidr != "" {
			return errSpec
		}
		return t.checkOptional()
	case "a", "mx":
		if err := t.checkOptional(); err != nil {
			return err
		}
		return checkDual(t.cidr)
	case "ip4", "ip6":
		return t.checkNetwork()
	}
	return errTerm
}

func (t term) checkModifier() error {
	switch strings.ToLower(t.name) {
	case "redirect", "exp":
		return checkSpec(t.domain)
	}
	return checkMacros(t.domain)
}

// checkOptional checks the domain of a mechanism that need not have one, but not an empty one.
func (t term) checkOptional() error {
	if t.separator == "" {
		return nil
	}
	return checkSpec(t.domain)
}

// checkDual checks dual-cidr-length (RFC 7208 §5.6, §12).
func checkDual(cidr string) error {
	four, six, dual := strings.Cut(cidr, "//")
	if four != "" && !validLength(strings.TrimPrefix(four, "/"), 32) || dual && !validLength(six, 128) {
		return errNetwork
	}
	return nil
}

// checkNetwork checks ip4 and ip6 (RFC 7208 §5.6).
func (t term) checkNetwork() error {
	a, err := netip.ParseAddr(t.domain)
	four := strings.EqualFold(t.name, "ip4")
	if err != nil || a.Zone() != "" || a.Is4() != four || t.separator == "" {
		return errNetwork
	}
	return when(t.cidr != "" && !validLength(t.cidr[1:], a.BitLen()), errNetwork)
}

// validLength tells a number up to most, without zeros in front (RFC 7208 §12).
func validLength(s string, most int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && isDigits(s) && n <= most && (s == "0" || s[0] != '0')
}

func isDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// isModifierName is name of RFC 7208 §4.6.1.
func isModifierName(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || !isAlnum(r) && r != '-' && r != '_' && r != '.') {
			return false
		}
	}
	return s != ""
}

func isAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func when(wrong bool, err error) error {
	if wrong {
		return err
	}
	return nil
}
