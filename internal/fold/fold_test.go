package fold

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestAppend(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Straße 12", "STRAßE 12"},
		{"é", "E\u0301"},
		{"E\u0301", "E\u0301"},
		{"ς", "Σ"},
		{"\u01C4", "Dz\u030c"}, // RFC 5051 §2's example
		{"ﬁ", "fi"},
		{"Ａ", "A"},
		{"한", "한"},
		{"漢字", "漢字"},
		{"a\xff", "A\xff"},
	} {
		if got := string(Append(nil, []byte(c.in))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// All runes but the syllables of Hangul come out as NFKD has their title case.
func TestAppendIsNFKD(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || unicode.Is(unicode.Hangul, r) {
			continue
		}
		want := norm.NFKD.String(string(unicode.ToTitle(r)))
		if got := string(Append(nil, []byte(string(r)))); got != want {
			t.Fatalf("%U: got %q, want %q", r, got, want)
		}
		if len(want) > MaxGrowth*utf8.RuneLen(r) {
			t.Fatalf("%U grows to %d octets", r, len(want))
		}
	}
}
