package message

import (
	"strings"
	"testing"
)

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
