package dkim

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSimpleBody(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// RFC 6376 §3.4.5, examples 2 and 3.
		{" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n"},
		// RFC 6376 §3.4.3: an empty body is one line end.
		{"", "\r\n"},
		{"\r\n", "\r\n"},
		{"\r\n\r\n", "\r\n"},
		{" \r\n", " \r\n"},
		{"a", "a\r\n"},
		{"a\r\n\r\nb", "a\r\n\r\nb\r\n"},
		// CR and LF alone are no line ends.
		{"a\n\n", "a\n\n\r\n"},
		{"a\r", "a\r\r\n"},
		{"a\r\r\n\r\n", "a\r\r\n"},
		{"\r\r\n", "\r\r\n"},
	} {
		var got bytes.Buffer
		s := simple{w: bufio.NewWriter(&got)}
		if _, err := io.Copy(&s, iotest.OneByteReader(strings.NewReader(c.in))); err != nil {
			t.Fatal(err)
		}
		s.close()
		s.w.Flush()
		if got.String() != c.want {
			t.Errorf("%q: %q, want %q", c.in, got.String(), c.want)
		}
	}
}

// Only what is said is taken out, and the rest stays to the octet (RFC 6376 §3.7).
func TestUnsigned(t *testing.T) {
	for in, want := range map[string]string{
		"D: v=1; b=abc; bh=xyz":          "D: v=1; b=; bh=xyz",
		"D: v=1; bh=xyz; b=abc":          "D: v=1; bh=xyz; b=",
		"D: bh=b=; b =\r\n abc\r\n d ;x": "D: bh=b=; b =;x",
		"D: b=abc;":                      "D: b=;",
		"D:x":                            "D:x",
		"D":                              "D",
		"":                               "",
	} {
		if got := string(unsigned([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Each form is made where it is asked for, in one pass, and none where nobody asks.
func TestHashBody(t *testing.T) {
	relaxed, plain := &Signature{relaxedBody: true}, &Signature{}
	b, err := HashBody(strings.NewReader("a  b \r\n\r\n"), []*Signature{relaxed, plain, relaxed})
	if err != nil || !b.simple.made || !b.relaxed.made || b.simple.size != 7 || b.relaxed.size != 5 {
		t.Errorf("%+v, %v", b, err)
	}
	if b, err := HashBody(iotest.ErrReader(io.ErrUnexpectedEOF), nil); err != nil || b.simple.made || b.relaxed.made {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := HashBody(iotest.ErrReader(io.ErrUnexpectedEOF), []*Signature{plain}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestRecords(t *testing.T) {
	const ed = "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	for _, c := range []struct {
		text    string
		err     error
		testing bool
	}{
		{"v=DKIM1; k=ed25519; " + ed, nil, false},
		{"k=ed25519; t=y:s; h=sha1:sha256; s=*; n=note; " + ed + ";", nil, true},
		{"v=DKIM1; k=ed25519; s=other:email; " + ed, nil, false},
		{"v=DKIM1; p=", ErrRevoked, false},
		{"v=DKIM1", ErrRecord, false},
		{"k=ed25519; " + ed + "; v=DKIM1", ErrRecord, false}, // RFC 6376 §3.6.1: first
		{"v=DKIM1; k=ed25519; p=aaaa", ErrRecord, false},
		{"v=DKIM1; " + ed, ErrRecord, false}, // not an RSA key
		{"v=DKIM1; k=dsa; " + ed, ErrRecord, false},
		{"v=spf1 -all", ErrRecord, false},
		{"", ErrRecord, false},
	} {
		k, err := ParseRecord(c.text)
		if !errors.Is(err, c.err) || err == nil && k.Testing != c.testing {
			t.Errorf("%q: %+v, %v", c.text, k, err)
		}
	}
	for _, k := range pair(t) {
		text, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		public, err := ParseRecord(text)
		if err != nil || public.Algorithm != k.Algorithm || public.Bits != map[string]int{RSA: 2048, Ed25519: 256}[k.Algorithm] {
			t.Errorf("%s: %+v, %v", k.Algorithm, public, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
	f.Add("v=DKIM1; h=sha256; s=email; t=y; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANB3aebWiKjTHBtLFg+NtkFsMXwEuPcNSKfDE/AeGIpb4vPk1I26j0XuhDkfA5mbN2eQ6BCFn9HKiD3RBylLpoUCAwEAAQ==")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseRecord(text)
		if err == nil && (k.rsa == nil) == (k.ed25519 == nil) {
			t.Errorf("%q: %+v", text, k)
		}
	})
}
