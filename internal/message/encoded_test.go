package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecodeHeader(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain = text?", "plain = text?"},
		// RFC 2047 §8, its examples.
		{"=?ISO-8859-1?Q?a?=", "a"},
		{"=?ISO-8859-1?Q?a?= b", "a b"},
		{"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
		{"=?ISO-8859-1?Q?a?=\r\n   =?ISO-8859-1?Q?b?=", "ab"},
		{"=?ISO-8859-1?Q?a_b?=", "a b"},
		{"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
		{"=?US-ASCII*en?Q?Keith_Moore?=", "Keith Moore"}, // RFC 2231 §5
		// Charsets of the web and of IANA.
		{"=?utf-8?b?w7w=?=", "ü"},
		{"=?utf-8?Q?=C3=BC?=", "ü"},
		{"=?iso-8859-1?q?=80?=", "€"},
		{"=?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"=?GB2312?B?xOO6ww==?=", "你好"},
		{"=?big5?B?p0Gmbg==?=", "你好"},
		{"=?euc-kr?B?vsiz5w==?=", "안녕"},
		{"=?hz-gb-2312?Q?~{Dc:C~}?=", "你好"},
		{"=?utf-16?B?//41BD8A?=", "\u0435?"},
		{"=?ibm850?Q?=81?=", "ü"},
		// Unknown ones lose nothing.
		{"=?x-nonsense?Q?a=FCb?=", "aüb"},
		{"=?utf-8?Q?a=FCb?=", "aüb"},
		// A character cut in two by its writer.
		{"=?utf-8?q?=C3?= =?utf-8?b?vA==?=", "ü"},
		// Raw octets: UTF-8, or else windows-1252.
		{"gr\xc3\xbcn", "grün"},
		{"gr\xfcn \x80", "grün €"},
		// Folds.
		{"a\r\n b\n\tc", "a b\tc"},
		// Broken ones stay as they are.
		{"=?utf-8?Q?a", "=?utf-8?Q?a"},
		{"=?utf-8?X?a?= b", "=?utf-8?X?a?= b"},
		{"=?utf-8?Q?a=ZZ=?=", "a=ZZ="},
		{"=?", "=?"},
		{"=? =??= =?a?b?", "=? =??= =?a?b?"},
		// Wrong, but the meaning is clear: spaces, padding missing, words glued.
		{"=?utf-8?Q?a b?=", "a b"},
		{"=?utf-8?B?YQ?=", "a"},
		{"x=?utf-8?Q?a?=y", "xay"},
		{"=?utf-8?Q??=x", "x"},
		// No line end may come out of a word.
		{"=?utf-8?Q?a=0D=0ABcc:_x=00?=", "aBcc: x "},
	} {
		if got := DecodeHeader(c.in); got != c.want {
			t.Errorf("DecodeHeader(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzDecodeHeader(f *testing.F) {
	for _, s := range []string{
		"Re: =?utf-8?B?w5xiZXI=?= =?utf-8?q?_x?=", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "gr\xfcn", "a\r\n b",
		"=?hz-gb-2312?Q?~{Dc:C~}?=", "=?utf-16?B?//41BD8A?=", "=?utf-7?Q?+AOk-?=", "=?a?q?=?a?q?",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := DecodeHeader(s)
		if !utf8.ValidString(got) || strings.IndexFunc(got, isControl) >= 0 {
			t.Errorf("DecodeHeader(%q) = %q", s, got)
		}
		BaseSubject(s)
	})
}

func TestDecodeHeaderHostile(t *testing.T) {
	for _, unit := range []string{"=?a?q?", "=?a?q?x?=", "=?a?q?x?= ", "=?", "?=", "\r\n ", "=?utf-8?b?", "=?utf-8?q?=C3?=\n", "\xff"} {
		quick(t, unit, func() { DecodeHeader(strings.Repeat(unit, 200<<10/len(unit))) })
		quick(t, unit, func() { BaseSubject(strings.Repeat(unit, 200<<10/len(unit))) })
	}
	for _, unit := range []string{"[a]", "Re:", "[fwd:", "(fwd)", "[", "re[a]"} {
		quick(t, unit, func() { BaseSubject(strings.Repeat(unit, 200<<10/len(unit))) })
	}
}
