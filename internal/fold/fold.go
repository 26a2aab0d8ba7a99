// Package fold tells which texts of a message a search looks at, and brings
// them into the form in which they are compared. The search itself and the
// index that saves it work share it: the index may only leave out what the
// search would not find.
package fold

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxGrowth is how many times longer than a text its folded form may be: the
// ligature U+FDFA, of three octets, stands for eighteen letters.
const MaxGrowth = 11

// Append appends text as i;unicode-casemap compares it (RFC 5051 §2, which RFC
// 5255 §4.2 wants for SEARCH, SORT and THREAD): each character in title case and
// then decomposed, so that "É", "é" and "e" with an accent of its own are one.
// Then octets are compared; that "cafe" finds "café" follows. Octets that are
// not UTF-8 stay as they are. dst must not be text's own memory.
func Append(dst, text []byte) []byte {
	short := foldShort()
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			dst = append(dst, foldByte[c])
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, c)
		case int(r) < len(short):
			dst = append(dst, short[r]...)
		case firstPlain <= r && r <= lastPlain:
			dst = append(dst, text[i:i+size]...)
		default:
			dst = appendFolded(dst, r)
		}
		i += size
	}
	return dst
}

// foldByte folds ASCII.
var foldByte = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'a' <= i && i <= 'z' {
			t[i] = byte(i) &^ 0x20
		}
	}
	return t
}()

// foldShort has the runes of at most two octets: Latin, Greek, Cyrillic, Hebrew,
// Arabic, of which the rest of the world's mail mostly is.
var foldShort = sync.OnceValue(func() *[0x800]string {
	t := new([0x800]string)
	for r := range t {
		t[r] = string(appendFolded(nil, rune(r)))
	}
	return t
})

// Between these lie the ideographs of East Asia, which have no case and are not composed.
const (
	firstPlain = 0x3400
	lastPlain  = 0x9FFF
)

// appendFolded appends one rune. The decompositions that x/text has are those
// of UnicodeData.txt, applied until nothing is left to decompose; the syllables
// of Hangul, which have none there, stay whole as RFC 5051 reads.
func appendFolded(dst []byte, r rune) []byte {
	var buf [utf8.UTFMax]byte
	one := utf8.AppendRune(buf[:0], unicode.ToTitle(r))
	if parts := norm.NFKD.Properties(one).Decomposition(); parts != nil {
		return append(dst, parts...)
	}
	return append(dst, one...)
}
