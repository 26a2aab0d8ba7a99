package verdict

import "strings"

// lexer reads the words of a structured field: white space and comments (RFC
// 5322 §3.2.2) between them do not count.
type lexer struct{ rest string }

// maxNested is how deep comments are followed; deeper ones end the field.
const maxNested = 20

// skip passes white space and comments.
func (l *lexer) skip() {
	for {
		l.rest = strings.TrimLeft(l.rest, " \t\r\n")
		if !strings.HasPrefix(l.rest, "(") {
			return
		}
		l.rest = afterComment(l.rest)
	}
}

// afterComment is what follows the comment at the start; "" where it does not end.
func afterComment(s string) string {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			if depth++; depth > maxNested {
				return ""
			}
		case ')':
			if depth--; depth == 0 {
				return s[i+1:]
			}
		}
	}
	return ""
}

// end tells that nothing is left.
func (l *lexer) end() bool {
	l.skip()
	return l.rest == ""
}

// at tells that c is next.
func (l *lexer) at(c byte) bool {
	l.skip()
	return l.rest != "" && l.rest[0] == c
}

// take passes c if it is next.
func (l *lexer) take(c byte) bool {
	if !l.at(c) {
		return false
	}
	l.rest = l.rest[1:]
	return true
}

// word is a quoted string, or what stands up to white space, a comment or one of
// stops; ok is false where there is none.
func (l *lexer) word(stops string) (text string, ok bool) {
	l.skip()
	if strings.HasPrefix(l.rest, `"`) {
		return l.quoted()
	}
	end := strings.IndexAny(l.rest, " \t\r\n("+stops)
	if end < 0 {
		end = len(l.rest)
	}
	text, l.rest = l.rest[:end], l.rest[end:]
	return text, text != ""
}

// quoted is the content of the quoted string at the start.
func (l *lexer) quoted() (string, bool) {
	var b strings.Builder
	for i := 1; i < len(l.rest); i++ {
		switch c := l.rest[i]; c {
		case '"':
			l.rest = l.rest[i+1:]
			return b.String(), true
		case '\\':
			if i++; i < len(l.rest) {
				b.WriteByte(l.rest[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	l.rest = ""
	return "", false
}

// value is a pvalue (RFC 8601 §2.2): a word, or an address whose local part may be quoted.
func (l *lexer) value() (string, bool) {
	text, ok := l.word(";")
	if ok && strings.HasPrefix(l.rest, "@") {
		domain, _ := l.word(";")
		text += domain
	}
	return text, ok
}
