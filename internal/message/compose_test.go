package message

import (
	"mime"
	"net/mail"
	"strings"
	"testing"
	"time"
)

func TestAppendText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain words", "Subject: plain words\r\n"},
		{" a \t b\r\nX: y ", "Subject: a b X: y\r\n"}, // stays one line
		{"", "Subject:\r\n"},
		{"año", "Subject: =?utf-8?q?a=C3=B1o?=\r\n"},
		{"ASCII =?x?q?y?=", "Subject: =?utf-8?q?ASCII_=3D=3Fx=3Fq=3Fy=3F=3D?=\r\n"}, // no decoding of what was none
		{"bad \xff octet", "Subject: =?utf-8?q?bad_=EF=BF=BD_octet?=\r\n"},
	} {
		if got := string(AppendText(nil, "Subject", c.in)); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// RFC 2047 §2: no line with encoded words is longer than 76; and what a foreign reader makes of it.
func TestAppendTextLong(t *testing.T) {
	for _, in := range []string{
		strings.Repeat("ñandú ", 60) + "x", strings.Repeat("語", 200), strings.Repeat("y", 3000), "a" + strings.Repeat(" word", 100),
	} {
		got := string(AppendText(nil, "Subject", in))
		for line := range strings.Lines(got) {
			if len(line) > 78+2 {
				t.Errorf("%d octets: %q", len(line), line)
			}
		}
		value := strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(got, "Subject:"), "\r\n", ""))
		if back, err := new(mime.WordDecoder).DecodeHeader(value); err != nil || back != in {
			t.Errorf("%.40q came back as %.40q, %v", in, back, err)
		}
		if back := DecodeHeader(value); back != in {
			t.Errorf("%.40q came back to us as %.40q", in, back)
		}
	}
}

func TestAppendMailbox(t *testing.T) {
	ann := Address{"ann", "blåbær.no"}
	for _, c := range []struct {
		name string
		a    Address
		utf8 bool
		want string
	}{
		{"", ann, false, "To: <ann@xn--blbr-roah.no>\r\n"},
		{"Ann Lee", ann, true, "To: Ann Lee <ann@blåbær.no>\r\n"},
		{`Lee, "Ann"`, ann, false, `To: "Lee, \"Ann\"" <ann@xn--blbr-roah.no>` + "\r\n"},
		{"Año, <x>", Address{"jørgen", "blåbær.no"}, true, "To: =?utf-8?q?A=C3=B1o=2C_=3Cx=3E?= <jørgen@blåbær.no>\r\n"},
		{"", Address{"a\r\nb c", "x.y"}, false, "To: <\"a??b c\"@x.y>\r\n"},
	} {
		if got := string(AppendMailbox(nil, "To", c.name, c.a, c.utf8)); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNewMessageID(t *testing.T) {
	a, b := NewMessageID("blåbær.no"), NewMessageID("blåbær.no")
	if a == b || !strings.HasSuffix(a, "@xn--blbr-roah.no") || len(a) < 30 {
		t.Errorf("%s, %s", a, b)
	}
	if got := NewMessageID(""); !strings.HasSuffix(got, "@localhost") {
		t.Error(got)
	}
}

func TestFormatDate(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", -3600))
	if got, err := mail.ParseDate(FormatDate(at)); err != nil || !got.Equal(at) {
		t.Errorf("%v, %v", got, err)
	}
}

func FuzzAppendText(f *testing.F) {
	for _, s := range []string{"plain", "año", "=?x?q?y?=", "\xff", "\r\nX: y", strings.Repeat("x", 1000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := string(AppendText(nil, "Subject", s))
		n := 0
		err := Header(strings.NewReader(got), func(string, []byte) bool { n++; return true })
		if err != nil || n != 1 || !isASCII(got) || !strings.HasSuffix(got, "\r\n") {
			t.Fatalf("%q is not one field", got)
		}
		for line := range strings.Lines(got) {
			if len(line) > 998+2 {
				t.Fatalf("a line of %d octets", len(line))
			}
		}
	})
}
