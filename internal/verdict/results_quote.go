package verdict

import (
	"strconv"
	"strings"
)

// maxValue is how much of one text from outside our field shows.
const maxValue = 255 // octets

// clean makes text fit for a quoted string as it stands: printable ASCII
// without quotes and backslashes, bounded.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
	if s = strings.TrimSpace(s[:min(len(s), maxValue)]); s == "" {
		return "?"
	}
	return s
}

// value is text as a pvalue (RFC 8601 §2.2): an address, domain or token as it
// is, all else quoted.
func value(s string) string {
	local, domain, isAddress := strings.Cut(s, "@")
	if len(s) <= maxValue && isAddress && isToken(local) && isToken(domain) || isToken(s) && len(s) <= maxValue {
		return s
	}
	return `"` + strings.ReplaceAll(clean(s), " ", "_") + `"` // no space: it would fold within
}

// token is a name as our id, which stands without quotes.
func token(s string) string {
	if isToken(s) && len(s) <= maxValue {
		return s
	}
	return value(s)
}

// isToken is token of RFC 2045 §5.1.
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?=`, r) }) < 0
}

// safeWord keeps a name of DNS within a comment.
func safeWord(s string) string { return strings.NewReplacer("(", "?", ")", "?").Replace(clean(s)) }

func itoa(n int) string { return strconv.Itoa(n) }
