package message

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

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
		{"base64", "", " SG!V\x00sbG8\xff=", "Hello"},
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
