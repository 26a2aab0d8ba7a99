package smtpclient

import (
	"fmt"
	"strings"
)

// XText encodes s for a parameter of MAIL or RCPT (RFC 3461 §4 xtext).
func XText(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !isXChar(r) }) {
		return s
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		if isXChar(rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "+%02X", c)
		}
	}
	return b.String()
}

// isXChar is xchar of RFC 3461 §4.
func isXChar(r rune) bool { return '!' <= r && r <= '~' && r != '+' && r != '=' }

// originalRecipient is the value of ORCPT for "type;address" (RFC 3461 §4.2), "" where it is none. An address beyond ASCII
// has the type utf-8, and its form that needs no SMTPUTF8 (RFC 6533 §3 utf-8-addr-xtext).
func originalRecipient(original string) string {
	kind, address, ok := strings.Cut(original, ";")
	if !ok || kind == "" || address == "" || strings.ContainsFunc(kind, func(r rune) bool { return !isXChar(r) }) {
		return ""
	}
	if !isASCII(address) {
		kind = "utf-8"
	}
	if !strings.EqualFold(kind, "utf-8") {
		return kind + ";" + XText(address)
	}
	var b strings.Builder
	b.WriteString(kind + ";")
	for _, r := range address {
		if isXChar(r) && r != '\\' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\x{%02X}`, r)
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isKeyword tells a parameter's value that needs no encoding, such as "SUCCESS,FAILURE".
func isKeyword(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != ',' && r != '-' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}
