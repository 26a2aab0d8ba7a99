package message

import "strings"

// scanner walks the structured text of a header field (RFC 5322 §3.2). It
// forgives everything: what is open at the end of the text closes there.
type scanner struct {
	s string
	i int
}

func (sc *scanner) done() bool { return sc.i >= len(sc.s) }

// peek is the next octet, 0 at the end.
func (sc *scanner) peek() byte {
	if sc.done() {
		return 0
	}
	return sc.s[sc.i]
}

// skip passes over all octets that are in set.
func (sc *scanner) skip(set string) {
	for !sc.done() && strings.IndexByte(set, sc.s[sc.i]) >= 0 {
		sc.i++
	}
}

// until returns what comes before the first octet of set.
func (sc *scanner) until(set string) string {
	from := sc.i
	for !sc.done() && strings.IndexByte(set, sc.s[sc.i]) < 0 {
		sc.i++
	}
	return sc.s[from:sc.i]
}

const whiteSpace = " \t\r\n"

// space passes over white space and comments (RFC 5322 §3.2.2 CFWS) and returns
// the content of the last comment.
func (sc *scanner) space() (comment string) {
	for {
		sc.skip(whiteSpace)
		if sc.peek() != '(' {
			return comment
		}
		comment = sc.comment()
	}
}

// comment reads a comment with those nested in it.
func (sc *scanner) comment() string {
	sc.i++
	from := sc.i
	for depth := 1; !sc.done(); sc.i++ {
		switch sc.s[sc.i] {
		case '\\':
			sc.i++
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			sc.i++
			return unescape(sc.s[from : sc.i-1])
		}
	}
	sc.i = len(sc.s) // a backslash at the very end may have stepped over it
	return unescape(sc.s[from:])
}

// quoted reads a quoted string and returns its content.
func (sc *scanner) quoted() string {
	sc.i++
	from := sc.i
	for ; !sc.done(); sc.i++ {
		switch sc.s[sc.i] {
		case '\\':
			sc.i++
		case '"':
			sc.i++
			return unescape(sc.s[from : sc.i-1])
		}
	}
	sc.i = len(sc.s)
	return unescape(sc.s[from:])
}

// unescape removes the backslashes of quoted pairs (RFC 5322 §3.2.1).
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unfold is the value of a field, folds removed (RFC 5322 §2.2.3) and white
// space trimmed. It may overwrite value.
func unfold(value []byte) string {
	kept := value[:0]
	for i, c := range value {
		if c == '\n' || c == '\r' && i+1 < len(value) && value[i+1] == '\n' {
			continue
		}
		kept = append(kept, c)
	}
	return strings.Trim(string(kept), whiteSpace)
}
