package dnsupdate

import (
	"context"
	"net/netip"
	"slices"
	"strings"
)

// Record is one record of a zone, as it is or as it is to be.
type Record struct {
	Name  string // whole, A-labels, lower case, no final dot
	Type  string // one of Kinds
	TTL   int    // seconds; the provider may want more
	Value string // as in a zone file, names in it with their final dot; of a TXT the text alone, unquoted and in one piece
}

// Kinds are the types of records that are read and written; all others stay unseen.
func Kinds() []string { return []string{"A", "AAAA", "CNAME", "MX", "SRV", "TXT"} }

// Set is all records of a name and type: what there was, and what is to be instead. Both may be empty.
type Set struct {
	Name, Type string
	Have, Want []Record
}

// Provider reads and writes the records of the domains of whoever gave us a token. Read gives all of Kinds at a name as far
// as kinds asks for them; more may come. Put changes sets, and only if they still are as they were read where the provider
// can tell; to put what is there already changes nothing. Holds tells what there is room for.
type Provider struct {
	Read  func(ctx context.Context, name string, kinds []string) ([]Record, error)
	Put   func(ctx context.Context, sets []Set) error
	Holds func(name, kind string) bool
}

// everything is a provider's Holds.
func everything(string, string) bool { return true }

// Same tells whether two records say the same, TTL apart.
func (r Record) Same(o Record) bool {
	return r.Name == o.Name && r.Type == o.Type && normal(r.Type, r.Value) == normal(o.Type, o.Value)
}

// normal is a value in the one form in which it can be compared.
func normal(kind, value string) string {
	switch kind {
	case "TXT":
		return value // case and blanks count
	case "A", "AAAA":
		if a, err := netip.ParseAddr(value); err == nil {
			return a.Unmap().String()
		}
	}
	fields := strings.Fields(strings.ToLower(value))
	if n := len(fields); n > 0 && kind != "A" && kind != "AAAA" && !strings.HasSuffix(fields[n-1], ".") {
		fields[n-1] += "."
	}
	return strings.Join(fields, " ")
}

// without are those of list that are not in other.
func without(list, other []Record) (left []Record) {
	for _, r := range list {
		if !slices.ContainsFunc(other, r.Same) {
			left = append(left, r)
		}
	}
	return left
}

// quote is a text as providers want it in a TXT record: strings of at most 255 octets (RFC 1035 §3.3.14).
func quote(text string) string {
	var parts []string
	for {
		n := min(len(text), 255)
		parts = append(parts, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text[:n])+`"`)
		if text = text[n:]; text == "" {
			return strings.Join(parts, " ")
		}
	}
}

// unquote is the text of quote, in one piece. What has no quotes is taken as it is: some providers drop them.
func unquote(value string) string {
	if !strings.HasPrefix(value, `"`) {
		return value
	}
	var b strings.Builder
	inside := false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			inside = !inside
		case c == '\\' && inside && i+1 < len(value):
			i++
			if n, ok := decimal(value[i:]); ok { // RFC 1035 §5.1: \DDD
				b.WriteByte(n)
				i += 2
			} else {
				b.WriteByte(value[i])
			}
		case inside:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// decimal reads three digits.
func decimal(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s[:3]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return byte(n), n < 256
}
