package imap

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// errMUTF7 tells that a name is not modified UTF-7 in the one form it has.
var errMUTF7 = errors.New("not modified UTF-7")

// mutf7Base64 is RFC 3501 §5.1.3's alphabet: "," stands for "/", no padding.
var mutf7Base64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").
	WithPadding(base64.NoPadding)

// isMUTF7Direct tells the octets that represent themselves: printable ASCII but for "&".
func isMUTF7Direct(r rune) bool { return r >= ' ' && r <= '~' && r != '&' }

// encodeMUTF7 writes a UTF-8 mailbox name in modified UTF-7 (RFC 3501 §5.1.3).
func encodeMUTF7(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return !isMUTF7Direct(r) }) {
		return name
	}
	var b strings.Builder
	for name != "" {
		r, size := utf8.DecodeRuneInString(name)
		switch {
		case r == '&':
			b.WriteString("&-")
		case isMUTF7Direct(r):
			b.WriteByte(byte(r))
		default:
			size = shiftedLen(name)
			writeShifted(&b, name[:size])
		}
		name = name[size:]
	}
	return b.String()
}

// shiftedLen is how much of name belongs into one base64 run.
func shiftedLen(name string) int {
	for i, r := range name {
		if r == '&' || isMUTF7Direct(r) {
			return i
		}
	}
	return len(name)
}

func writeShifted(b *strings.Builder, s string) {
	var octets []byte
	for _, u := range utf16.Encode([]rune(s)) {
		octets = binary.BigEndian.AppendUint16(octets, u)
	}
	b.WriteByte('&')
	b.WriteString(mutf7Base64.EncodeToString(octets))
	b.WriteByte('-')
}

// decodeMUTF7 reads a modified UTF-7 name. RFC 3501 §5.1.3 allows one form of
// each name only: no ASCII in base64, no runs back to back, no bits left over.
// A name in another form would be a second name for the same mailbox, so all
// of these are errors.
func decodeMUTF7(s string) (string, error) {
	var b strings.Builder
	for rest := s; rest != ""; {
		direct, run, shifted := strings.Cut(rest, "&")
		b.WriteString(direct)
		if !shifted {
			break
		}
		code, after, ended := strings.Cut(run, "-")
		if !ended {
			return "", errMUTF7
		}
		if err := unshift(&b, code); err != nil {
			return "", err
		}
		rest = after
	}
	if name := b.String(); encodeMUTF7(name) == s {
		return name, nil
	}
	return "", errMUTF7
}

// unshift decodes what stands between "&" and "-".
func unshift(b *strings.Builder, code string) error {
	if code == "" {
		b.WriteByte('&')
		return nil
	}
	octets, err := mutf7Base64.DecodeString(code)
	if err != nil || len(octets)%2 != 0 || strings.ContainsAny(code, "\r\n") {
		return errMUTF7
	}
	for i := 0; i < len(octets); i += 2 {
		r := rune(binary.BigEndian.Uint16(octets[i:]))
		if utf16.IsSurrogate(r) {
			if i += 2; i == len(octets) {
				return errMUTF7
			}
			r = utf16.DecodeRune(r, rune(binary.BigEndian.Uint16(octets[i:])))
			if r == utf8.RuneError {
				return errMUTF7
			}
		}
		b.WriteRune(r)
	}
	return nil
}
