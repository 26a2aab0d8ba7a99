package verdict

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"buzon/internal/dns"
)

// macro is one macro-expand of RFC 7208 §7.1.
type macro struct {
	text      string // what it stands for, of "%%", "%_" and "%-"; letter is 0 then
	letter    byte   // lower case
	escape    bool   // it was upper case: the result is escaped (§7.3)
	digits    int    // labels to keep from the right; 0: all
	reverse   bool
	delimiter string
}

// cutMacro reads the macro at the start of s, which begins with "%".
func cutMacro(s string) (m macro, rest string, ok bool) {
	for code, text := range map[string]string{"%%": "%", "%_": " ", "%-": "%20"} {
		if rest, ok := strings.CutPrefix(s, code); ok {
			return macro{text: text}, rest, true
		}
	}
	end := strings.IndexByte(s, '}')
	if !strings.HasPrefix(s, "%{") || end < 3 {
		return macro{}, "", false
	}
	body, rest := s[3:end], s[end+1:]
	m.letter = s[2] | 0x20
	m.escape = s[2] != m.letter
	number := 0
	for number < len(body) && '0' <= body[number] && body[number] <= '9' {
		number++
	}
	if number > 0 {
		n, err := strconv.Atoi(body[:number])
		if err != nil || n == 0 { // RFC 7208 §7.3
			return macro{}, "", false
		}
		m.digits = n
	}
	body = body[number:]
	if body != "" && body[0]|0x20 == 'r' {
		m.reverse, body = true, body[1:]
	}
	m.delimiter = body
	// c, r and t are for explanations alone (§7.2), which nobody is shown here.
	ok = strings.IndexByte("slodiphv", m.letter) >= 0 && strings.Trim(body, ".-+,/_=") == ""
	return m, rest, ok
}

// checkMacros checks macro-string: visible ASCII, and every "%" begins a macro.
func checkMacros(s string) error {
	_, err := lastMacro(s)
	return err
}

// lastMacro tells whether a macro-string ends with a macro.
func lastMacro(s string) (last bool, err error) {
	for s != "" {
		last = s[0] == '%'
		if !last {
			if s[0] <= ' ' || s[0] > '~' {
				return false, errCharacter
			}
			s = s[1:]
			continue
		}
		var ok bool
		if _, s, ok = cutMacro(s); !ok {
			return false, errMacro
		}
	}
	return last, nil
}

// checkSpec checks domain-spec: a macro-string that ends with a macro or in a
// top label behind a dot (RFC 7208 §7.1).
func checkSpec(s string) error {
	last, err := lastMacro(s)
	if err != nil || last {
		return err
	}
	s = strings.TrimSuffix(s, ".")
	dot := strings.LastIndexByte(s, '.')
	return when(dot < 0 || !isTopLabel(s[dot+1:]), errSpec)
}

// isTopLabel is toplabel of RFC 7208 §7.1: letters, digits and inner hyphens, not digits alone.
func isTopLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' || isDigits(s) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !isAlnum(r) && r != '-' }) < 0
}

// usesP tells whether the macro p, the name of the client, is in s.
func usesP(s string) bool { return strings.Contains(strings.ToLower(s), "%{p") }

// expand is a domain-spec of the record of domain, which was checked, with its macros expanded.
func (g *guard) expand(ctx context.Context, spec, domain string) string {
	var b strings.Builder
	for spec != "" {
		if spec[0] != '%' {
			b.WriteByte(spec[0])
			spec = spec[1:]
			continue
		}
		m, rest, ok := cutMacro(spec)
		if !ok {
			break // cannot be: checkTerms was asked
		}
		b.WriteString(g.value(ctx, m, domain))
		spec = rest
	}
	return b.String()
}

// value is what one macro stands for (RFC 7208 §7.2, §7.3).
func (g *guard) value(ctx context.Context, m macro, domain string) string {
	var value string
	switch m.letter {
	case 0:
		return m.text
	case 's':
		value = g.local + "@" + g.domain
	case 'l':
		value = g.local
	case 'o':
		value = g.domain
	case 'd':
		value = domain
	case 'i':
		value = g.dotted()
	case 'p':
		value = g.validated(ctx, domain)
	case 'h':
		value = g.helo
	case 'v':
		value = "in-addr"
		if g.client.Is6() {
			value = "ip6"
		}
	}
	return m.transform(value)
}

func (m macro) transform(value string) string {
	cut := m.delimiter
	if cut == "" {
		cut = "."
	}
	parts := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(cut, r) })
	if m.reverse {
		slices.Reverse(parts)
	}
	if m.digits > 0 {
		parts = parts[len(parts)-min(len(parts), m.digits):]
	}
	value = strings.Join(parts, ".")
	if m.escape {
		value = strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
	}
	return value
}

// dotted is the client's address as macro i has it: of IPv6 every digit is a label.
func (g *guard) dotted() string {
	if g.client.Is4() {
		return g.client.String()
	}
	var digits []string
	for _, b := range g.client.As16() {
		digits = append(digits, fmt.Sprintf("%x", b>>4), fmt.Sprintf("%x", b&15))
	}
	return strings.Join(digits, ".")
}

// validated is the client's confirmed name that fits the domain best (RFC 7208 §7.3).
func (g *guard) validated(ctx context.Context, domain string) string {
	names := dns.LookupReverse(ctx, g.Resolver, g.client).Names
	for _, fits := range []func(string) bool{
		func(name string) bool { return strings.EqualFold(name, domain) },
		func(name string) bool { return strings.HasSuffix(name, "."+strings.ToLower(domain)) },
		func(string) bool { return true },
	} {
		if i := slices.IndexFunc(names, fits); i >= 0 {
			return names[i]
		}
	}
	return "unknown"
}
