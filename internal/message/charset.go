package message

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charsetDecoder converts text of the named charset to UTF-8. Names are those
// of the web (which reads iso-8859-1 as windows-1252, as the senders mean it),
// then IANA's. A missing or unknown name, US-ASCII and UTF-8 are read leniently.
func charsetDecoder(name string) transform.Transformer {
	name = strings.ToLower(strings.Trim(name, whiteSpace+`"'`))
	switch name {
	case "", "us-ascii", "ascii", "utf-8", "utf8":
		return &lenient{}
	case "utf-16": // RFC 2781 §4.3: big-endian unless a mark says otherwise
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
	}
	if e := findCharset(name); e != nil {
		return e.NewDecoder()
	}
	return &lenient{}
}

func findCharset(name string) encoding.Encoding {
	e, err := htmlindex.Get(name)
	// The web replaces all text of some charsets, for reasons mail has not.
	if err == nil && e != encoding.Replacement {
		return e
	}
	e, err = ianaindex.MIME.Encoding(name)
	if err != nil || e == encoding.Replacement {
		return nil // unknown, or known and not supported
	}
	return e
}

// decodeCharset converts s to UTF-8.
func decodeCharset(charset, s string) string {
	out, _, err := transform.String(charsetDecoder(charset), s)
	if err != nil {
		return toUTF8(s) // rather odd characters than none
	}
	return out
}

// toUTF8 keeps valid UTF-8 and takes every other octet for windows-1252.
func toUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out, _, err := transform.String(&lenient{}, s)
	if err != nil {
		return strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	return out
}

// lenient keeps valid UTF-8 and takes every other octet for windows-1252, which
// is what text with a missing or wrong charset mostly is.
type lenient struct{ transform.NopResetter }

// Transform is transform.Transformer's.
func (*lenient) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if n := copyASCII(dst[nDst:], src[nSrc:]); n > 0 {
			nDst += n
			nSrc += n
			continue
		}
		if !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		r, size := utf8.DecodeRune(src[nSrc:])
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(src[nSrc])
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}

func copyASCII(dst, src []byte) int {
	n := min(len(dst), len(src))
	for i := range n {
		if src[i] >= utf8.RuneSelf {
			return copy(dst, src[:i])
		}
	}
	return copy(dst, src[:n])
}
