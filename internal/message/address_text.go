package message

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// IsZero tells whether a is the null reverse-path "<>".
func (a Address) IsZero() bool { return a == Address{} }

// String is the content of an envelope path, its local part quoted where RFC
// 5321 §4.1.2 asks for it. ParseAddress(a.String()) is a again. The null
// reverse-path is the empty string.
func (a Address) String() string {
	local := a.Local
	if !isDotString(local) && !a.IsZero() {
		local = quote(local)
	}
	if a.Domain == "" {
		return local
	}
	return local + "@" + a.Domain
}

// Key is the form under which addresses are looked up and compared: RFC 5321
// §2.4 lets the receiving host alone decide about case, and ours ignores it.
func (a Address) Key() string {
	if a.IsZero() {
		return ""
	}
	key := Address{Local: foldLocal(a.Local), Domain: a.Domain}
	return key.String()
}

// ASCII tells whether a can be named without SMTPUTF8 (RFC 6531 §3.2) as it
// stands, that is with its domain in U-label form.
func (a Address) ASCII() bool { return isASCII(a.Local) && isASCII(a.Domain) }

// ASCIIDomain is the domain in A-label form (RFC 5890 §2.3.2.1), as DNS and
// peers without SMTPUTF8 want it. It is empty when there is none such.
func (a Address) ASCIIDomain() string {
	if isASCII(a.Domain) {
		return a.Domain
	}
	domain, err := domainProfile.ToASCII(a.Domain)
	if err != nil {
		return "" // an Address that did not come from ParseAddress
	}
	return domain
}

func foldLocal(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(s)))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isDotString is Dot-string of RFC 5321 §4.1.2 with RFC 6531 §3.3.
func isDotString(s string) bool {
	dot := true // as if one came before: the first may not be a dot
	for _, r := range s {
		if r == '.' && dot || r != '.' && !isAtext(r) {
			return false
		}
		dot = r == '.'
	}
	return !dot
}

// quote makes a Quoted-string of RFC 5321 §4.1.2.
func quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	return b.String()
}
