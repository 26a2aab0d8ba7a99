package message

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// AppendText appends a field whose value is text for people, such as Subject:
// folded, with its line end. What is not plain ASCII becomes encoded words
// (RFC 2047), so that it may travel everywhere. White space is made single.
func AppendText(b []byte, name, value string) []byte {
	words := strings.Fields(strings.ToValidUTF8(value, "\ufffd"))
	if !allPlain(words) {
		words = encodeWords(strings.Join(words, " "))
	}
	return AppendWords(b, name, words...)
}

// AppendWords appends a field whose value is words that stay as they are, such
// as References: folded between them, with its line end.
func AppendWords(b []byte, name string, words ...string) []byte {
	f := folder{b: b}
	f.word(name + ":")
	f.word(words...)
	return append(f.b, "\r\n"...)
}

// AppendMailbox appends a field with one address and the name of who has it,
// which may be empty. utf8 tells that the message may have UTF-8 in its header
// (RFC 6532); otherwise the domain is written in A-labels, and a must have an
// ASCII local part.
func AppendMailbox(b []byte, field, name string, a Address, utf8 bool) []byte {
	words := strings.Fields(strings.ToValidUTF8(name, "\ufffd"))
	switch {
	case allAtoms(words):
	case allPlain(words):
		words = []string{quote(strings.Join(words, " "))}
	default:
		words = encodeWords(strings.Join(words, " "))
	}
	return AppendWords(b, field, append(words, "<"+HeaderAddress(a, utf8)+">")...)
}

// HeaderAddress is a as it stands in a header, that may have UTF-8 or not.
func HeaderAddress(a Address, utf8 bool) string {
	if !utf8 {
		a.Domain = a.ASCIIDomain()
	}
	return cleanLine(a.String())
}

// NewMessageID is a message id that nobody had before, without its brackets
// (RFC 5322 §3.6.4). domain is ours; an internationalised one becomes A-labels.
func NewMessageID(domain string) string {
	right := firstOf(Address{Domain: domain}.ASCIIDomain(), "localhost")
	return strings.ToLower(rand.Text()) + "@" + right
}

// FormatDate is t as a field Date has it (RFC 5322 §3.3).
func FormatDate(t time.Time) string { return t.Format("Mon, 2 Jan 2006 15:04:05 -0700") }

// maxPlainWord is the longest word that a field shows as it is: RFC 5322 §2.1.1
// lets no line be longer than 998.
const maxPlainWord = 900 // octets

// allPlain tells that a reader will see words as they are, unencoded.
func allPlain(words []string) bool {
	for _, w := range words {
		if !isPlainText(w) || strings.ContainsRune(w, '\t') || len(w) > maxPlainWord {
			return false
		}
	}
	return true
}

// allAtoms tells that words make a phrase without quotes (RFC 5322 §3.2.5).
func allAtoms(words []string) bool {
	for _, w := range words {
		if !allPlain([]string{w}) || strings.IndexFunc(w, func(r rune) bool { return !isAtext(r) }) >= 0 {
			return false
		}
	}
	return true
}

// encodeWords writes text as encoded words of at most 75 octets (RFC 2047 §2),
// cut between characters (§5). What they hold is fit for a phrase too (§5 (3)).
func encodeWords(text string) []string {
	const head, tail, longest = "=?utf-8?q?", "?=", 75
	var words []string
	var b strings.Builder
	for _, r := range text {
		piece := encodeRune(r)
		if b.Len()+len(piece)+len(tail) > longest {
			words = append(words, b.String()+tail)
			b.Reset()
		}
		if b.Len() == 0 {
			b.WriteString(head)
		}
		b.WriteString(piece)
	}
	if b.Len() > 0 {
		words = append(words, b.String()+tail)
	}
	return words
}

func encodeRune(r rune) string {
	switch {
	case r == ' ':
		return "_"
	case r < utf8.RuneSelf && (isAlnum(byte(r)) || strings.ContainsRune("!*+-/", r)):
		return string(r)
	}
	var b strings.Builder
	for _, c := range []byte(string(r)) {
		fmt.Fprintf(&b, "=%02X", c)
	}
	return b.String()
}
