package zone

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// maxString is the length of a character-string (RFC 1035 §3.3), of which a TXT
// record may have several.
const maxString = 255 // octets

// WriteFile writes records in the form of a zone file (RFC 1035 §5) for the zone
// of domain. say gives the sentence of a purpose, which stands above its records.
func WriteFile(w io.Writer, domain string, records []Record, say func(Purpose) string) error {
	origin, err := alabels(domain)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "$ORIGIN %s.\n", origin)
	columns := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for i, r := range records {
		if i == 0 || records[i-1].Purpose != r.Purpose {
			columns.Flush()
			fmt.Fprintf(w, "\n; %s\n", strings.ReplaceAll(say(r.Purpose), "\n", "\n; "))
		}
		value := r.Value
		if r.Type == "TXT" {
			value = Quote(value)
		}
		fmt.Fprintf(columns, "%s\t%d\tIN\t%s\t%s\n", relative(r.Name, origin), int(r.TTL.Seconds()), r.Type, value)
	}
	return columns.Flush()
}

// KeyRecords are the records of DKIM keys alone.
func KeyRecords(keys []Key) []Record {
	var z zone
	for _, k := range keys {
		z.add(k.Purpose, k.Name, "TXT", k.Text)
	}
	return z.records
}

// relative is a name as it stands below $ORIGIN.
func relative(name, origin string) string {
	if name == origin {
		return "@"
	}
	if short, ok := strings.CutSuffix(name, "."+origin); ok {
		return short
	}
	return name + "."
}

// Quote writes the text of a TXT record as strings of at most 255 octets (RFC
// 1035 §5.1); whoever reads the record puts them together again.
func Quote(text string) string {
	var pieces []string
	for len(text) > maxString {
		pieces = append(pieces, quote(text[:maxString]))
		text = text[maxString:]
	}
	return strings.Join(append(pieces, quote(text)), " ")
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
