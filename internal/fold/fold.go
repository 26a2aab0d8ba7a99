// Package fold tells which texts of a message a search looks at, and brings
// them into the form in which they are compared. The search itself and the
// index that saves it work share it: the index may only leave out what the
// search would not find.
package fold

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// Append appends text folded to dst, which may be text's own start. Texts are
// compared without regard to case (RFC 3501 §6.4.4) by Unicode simple folding:
// of each rune's forms the one with the lowest number stands for all. That form
// is never longer in UTF-8, so folding can be done in place. Octets that are
// not UTF-8 stay as they are.
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
			dst = utf8.AppendRune(dst, rune(short[r]))
		default:
			dst = utf8.AppendRune(dst, foldRune(r))
		}
		i += size
	}
	return dst
}

// foldByte folds ASCII. Upper case comes first, and the Kelvin sign and the
// long s have ASCII letters for their lowest forms.
var foldByte = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'a' <= i && i <= 'z' {
			t[i] = byte(i) &^ 0x20
		}
	}
	return t
}()

// foldShort has foldRune of the runes of at most two octets: Latin, Greek,
// Cyrillic, Hebrew, Arabic, of which the rest of the world's mail mostly is.
var foldShort = sync.OnceValue(func() *[0x800]uint16 {
	t := new([0x800]uint16)
	for r := range t {
		t[r] = uint16(foldRune(rune(r)))
	}
	return t
})

// foldRune is the lowest of a rune's forms.
func foldRune(r rune) rune {
	if r >= firstUncased && r <= lastUncased {
		return r
	}
	lowest := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		lowest = min(lowest, f)
	}
	return lowest
}

// Between these lie the scripts of East Asia, which have no case.
const (
	firstUncased = 0x2E80
	lastUncased  = 0xA63F
)
