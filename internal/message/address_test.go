package message

import (
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Address
		text string // String(), when it is not in
	}{
		// RFC 5321 §4.1.2: the local part keeps its case, the domain has none.
		{in: "Ann@Example.ORG", want: Address{"Ann", "example.org"}, text: "Ann@example.org"},
		{in: "a.b+c=d/e@example.org", want: Address{"a.b+c=d/e", "example.org"}},
		{in: "a@localhost", want: Address{"a", "localhost"}},
		{in: "a@my_host.example.org", want: Address{"a", "my_host.example.org"}},
		// RFC 5321 §4.5.1: postmaster needs no domain.
		{in: "PostMaster", want: Address{"postmaster", ""}, text: "postmaster"},
		// Quoted local parts lose their quotes where they need none.
		{in: `"a b"@example.org`, want: Address{"a b", "example.org"}},
		{in: `"a@b"@example.org`, want: Address{"a@b", "example.org"}},
		{in: `"a\"\\b"@example.org`, want: Address{`a"\b`, "example.org"}},
		{in: `"\a.b"@example.org`, want: Address{"a.b", "example.org"}, text: "a.b@example.org"},
		// Dots out of place are issued by large providers.
		{in: "a..b.@example.org", want: Address{"a..b.", "example.org"}, text: `"a..b."@example.org`},
		// RFC 5321 appendix C: the source route is dropped.
		{in: "@x.org,@y.org:a@example.org", want: Address{"a", "example.org"}, text: "a@example.org"},
		// RFC 6531 §3.3: UTF-8 in both parts; U-labels and A-labels are one name.
		{in: "jørgen@BLÅBÆR.no", want: Address{"jørgen", "blåbær.no"}, text: "jørgen@blåbær.no"},
		{in: "a@xn--blbr-roah.no", want: Address{"a", "blåbær.no"}, text: "a@blåbær.no"},
		{in: "a@straße.de", want: Address{"a", "straße.de"}},
		// RFC 5321 §4.1.3: address literals in one form.
		{in: "a@[192.0.2.1]", want: Address{"a", "[192.0.2.1]"}},
		{in: "a@[ipv6:2001:DB8:0::1]", want: Address{"a", "[IPv6:2001:db8::1]"}, text: "a@[IPv6:2001:db8::1]"},
	} {
		got, err := ParseAddress(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseAddress(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
		if want := firstOf(c.text, c.in); got.String() != want {
			t.Errorf("ParseAddress(%q).String() = %q, want %q", c.in, got, want)
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	for _, in := range []string{
		// No address, or half of one.
		"", "@", "a", "a@", "@example.org", `""@example.org`, "@x.org",
		// No atext, no quoted string (RFC 5321 §4.1.2).
		"a b@example.org", "a\x00@example.org", "a\r\nb@example.org", `"a\r@example.org`, "a<b@example.org",
		"\"a\r\n\"@example.org", `"a"b@example.org`, `"a\`, "a\xff@example.org", "a\u0085@example.org",
		// No domain.
		"a@b@c", "a@.org", "a@example..org", "a@example.org.", "a@-x.org", "a@x-.org", "a@exa mple.org",
		"a@" + strings.Repeat("a", 64) + ".org", "a@xn--zzzzzz.org", "a@example.org\r\n",
		// No literal.
		"a@[]", "a@[192.0.2.1", "a@[192.0.2]", "a@[2001:db8::1]", "a@[IPv6:192.0.2.1]", "a@[IPv6:fe80::1%eth0]", "a@[x]y",
		// RFC 5321 §4.5.3.1: 64 and 255 octets.
		strings.Repeat("a", 65) + "@example.org",
		"a@" + strings.Repeat("a.", 130) + "org", "a@" + strings.Repeat("å.", 1e6),
	} {
		if got, err := ParseAddress(in); err == nil {
			t.Errorf("ParseAddress(%.80q) = %q, want an error", in, got)
		}
	}
}

func TestAddressForms(t *testing.T) {
	for _, c := range []struct {
		a           Address
		key, domain string
		ascii       bool
	}{
		{Address{}, "", "", true},
		{Address{"Ann", "example.org"}, "ann@example.org", "example.org", true},
		{Address{"JØRGEN", "blåbær.no"}, "jørgen@blåbær.no", "xn--blbr-roah.no", false},
		{Address{"A B", "[192.0.2.1]"}, `"a b"@[192.0.2.1]`, "[192.0.2.1]", true},
		// One mailbox however its letters are composed (RFC 6532 §3.1).
		{Address{"e\u0301", "example.org"}, "\u00e9@example.org", "example.org", false},
	} {
		if c.a.Key() != c.key || c.a.ASCIIDomain() != c.domain || c.a.ASCII() != c.ascii {
			t.Errorf("%q: Key %q, ASCIIDomain %q, ASCII %v", c.a, c.a.Key(), c.a.ASCIIDomain(), c.a.ASCII())
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"ann@example.org", `"a\"b c"@example.org`, "jørgen@blåbær.no", "a@xn--blbr-roah.no",
		"a@[IPv6:2001:db8::1]", "@x,@y:a@b", "postmaster", "a..b@c",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Errorf("%q gives %q, and that %q, %v", s, a, again, err)
		}
		if strings.ContainsAny(a.String(), "\r\n\x00") {
			t.Errorf("%q: control characters survive", s)
		}
		if a.ASCIIDomain() == "" && a.Domain != "" {
			t.Errorf("%q: no A-label form of %q", s, a.Domain)
		}
		key, err := ParseAddress(a.Key())
		if err == nil && key.Key() != a.Key() {
			t.Errorf("%q: the key %q has another key %q", s, a.Key(), key.Key())
		}
	})
}
