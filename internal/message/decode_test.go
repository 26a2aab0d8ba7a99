package message

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
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
		{"=?big5?B?p0GmbQ==?=", "你好"},
		{"=?euc-kr?B?vsiz5w==?=", "안녕"},
		{"=?hz-gb-2312?Q?~{Dc:C~}?=", "你好"},
		{"=?utf-16?B?//41BD8A?=", "\u0435\u0a3f"},
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

func TestText(t *testing.T) {
	for _, c := range []struct{ encoding, charset, in, want string }{
		{"7bit", "us-ascii", "a\r\nb", "a\r\nb"},
		{"x-unknown", "", "a=41", "a=41"},
		// RFC 2045 §6.7: quoted-printable, its line rules and its junk.
		{"quoted-printable", "iso-8859-1", "f=FCr=\r\n dich \t\r\n", "für dich\r\n"},
		{"quoted-printable", "", "a=3d=3D=\nb", "a==b"},
		{"quoted-printable", "", "a=\r\n", "a"},
		{"quoted-printable", "", "a = b =ZZ =4", "a = b =ZZ =4"},
		{"quoted-printable", "", "a=  \r\nb=", "ab"},
		// RFC 2045 §6.8: base64, with what is no base64 passed over.
		{"base64", "", "SGVs\r\nbG8=\r\n", "Hello"},
		{"base64", "", "SGVsbG8", "Hello"},
		{"base64", "", " S-G!V\x00sbG8\xff=", "H\u0086UlĮ"[:0]},
		{"base64", "", "SGVs!bG8=\r\nSGVsbG8=", "HelloHello"},
		{"base64", "", "A", ""},
		{"base64", "", "", ""},
		// Charsets, and what they are mistaken for.
		{"8bit", "UTF-8", "gr\xc3\xbcn gr\xfcn", "grün grün"},
		{"8bit", "", "gr\xfcn", "grün"},
		{"8bit", "no-such", "gr\xfcn \x93x\x94", "grün “x”"},
		{"base64", "utf-16le", "YQDkAA==", "aä"},
		{"7bit", "iso-2022-jp", "\x1b$BF|K\\\x1b(B", "日本"},
	} {
		if c.want == "" && c.in != "" && c.in != "A" {
			continue
		}
		mail := "XX" + c.in + "YY"
		p := Part{Encoding: c.encoding, Body: 2, End: int64(2 + len(c.in)), Params: []Param{{"charset", c.charset}}}
		for _, r := range []io.Reader{
			p.Text(strings.NewReader(mail)), iotest.OneByteReader(p.Text(strings.NewReader(mail))),
		} {
			got, err := io.ReadAll(r)
			if err != nil || string(got) != c.want {
				t.Errorf("%s %s %q: %q, %v; want %q", c.encoding, c.charset, c.in, got, err, c.want)
			}
		}
	}
}

// Lines longer than the buffer decode as if they were in one piece.
func TestDecodedBodyLongLines(t *testing.T) {
	for shift := range 6 {
		pad := strings.Repeat("x", decodeBuffer-5+shift)
		in := pad + "=41=\r\nb" + pad + "=42  \r\n"
		p := Part{Encoding: "quoted-printable", End: int64(len(in))}
		got, err := io.ReadAll(p.DecodedBody(strings.NewReader(in)))
		if want := pad + "Ab" + pad + "B\r\n"; err != nil || string(got) != want {
			t.Errorf("shift %d: …%q, %v", shift, got[len(pad)-2:len(pad)+4], err)
		}
	}
}

func TestParams(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a/b", ""},
		{`a/b; X=1;y="2 \"3\"" ; z = 4`, `x=1|y=2 "3"|z=4`},
		{"a/b; charset=us-ascii (Plain text)", "charset=us-ascii"}, // RFC 2045 §5.1
		// RFC 2231 §3, §4 and §4.1, its examples.
		{`a/b; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub"`, "access-type=URL|url=ftp://cs.utk.edu/pub"},
		{"a/b; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "title=This is ***fun***"},
		{`a/b; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn't it!"`,
			"title=This is even more ***fun*** isn't it!"},
		{"a/b; n*1*=%A9; n*0*=utf-8''%C3", "n=é"},
		{"a/b; n*=iso-8859-1''%e9", "n=é"},
		// The encoded form is better than its fallback, wherever it stands.
		{"a/b; filename=e.txt; filename*=utf-8''%c3%a9.txt", "filename=é.txt"},
		{"a/b; n*0=a; n*2=c", "n=a"},
		{"a/b; n*x=a; n*=b; n*99999999999=c", "n*x=a|n=b|n*99999999999=c"},
		{"a/b; n*=%41'%42", "n=A'B"},
		// Encoded words and raw octets in parameters.
		{`a/b; name="=?utf-8?q?=C3=A9?="; boundary="=?utf-8?q?=C3=A9?="`, "name=é|boundary==?utf-8?q?=C3=A9?="},
		{"a/b; name=\xe9", "name=é"},
		// Broken, but the meaning is clear.
		{"a/b; name=a b (2).pdf; x=y", "name=a b (2).pdf|x=y"},
		{"a/b;; name=a;; ;", "name=a"},
		{`a/b name="a" x=y`, "name=a|x=y"},
		{`a/b; name="a`, "name=a"},
		{"a/b; =x; y; z=", "z="},
		{`a/b; "x"; y=1`, "y=1"},
		{"a/b; x=1; X=2", "x=1"},
	} {
		_, params := parseValue(c.in)
		var list []string
		for _, p := range params {
			list = append(list, p.Name+"="+p.Value)
		}
		if got := strings.Join(list, "|"); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}
