package fold

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Casemap appends text as i;unicode-casemap compares it (RFC 5051 §2): each
// character in title case and then decomposed, so that "É", "é" and "e" with an
// accent of its own are one, and octets are compared. Octets that are not UTF-8
// stay as they are. dst must not be text's own memory: the result may be longer.
func Casemap(dst, text []byte) []byte {
	short := casemapShort()
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			dst = append(dst, casemapASCII(c))
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, c)
		case int(r) < len(short):
			dst = append(dst, short[r]...)
		default:
			dst = appendCasemap(dst, r)
		}
		i += size
	}
	return dst
}

func casemapASCII(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c &^ 0x20
	}
	return c
}

// casemapShort has the runes of at most two octets, of which most text that is
// not ASCII is.
var casemapShort = sync.OnceValue(func() *[0x800]string {
	t := new([0x800]string)
	for r := range t {
		t[r] = string(appendCasemap(nil, rune(r)))
	}
	return t
})

// appendCasemap appends one rune. The decompositions that x/text has are those
// of UnicodeData.txt, applied until nothing is left to decompose; the syllables
// of Hangul, which have none there, stay whole as RFC 5051 reads.
func appendCasemap(dst []byte, r rune) []byte {
	if r < firstUncased || r > lastUncased {
		r = unicode.ToTitle(r)
	}
	var buf [utf8.UTFMax]byte
	one := utf8.AppendRune(buf[:0], r)
	if parts := norm.NFKD.Properties(one).Decomposition(); parts != nil {
		return append(dst, parts...)
	}
	return append(dst, one...)
}
