package dns

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func testMap() *Map {
	return NewMap(`
		example.org              MX    20 b.example.org.
		example.org              MX    10 a.example.org.
		example.org              MX    10 c.example.org.
		example.org   60         TXT   "v=spf1 " "mx -all"
		example.org              TXT   "quote \" back \\ tab \009 é"
		a.example.org            A     192.0.2.1
		a.example.org            AAAA  2001:db8::1
		four.example.org         AAAA  ::ffff:192.0.2.4
		_25._tcp.a.example.org   TLSA  3 1 1 00ff10
		null.example             MX    0 .
		alias.example            CNAME middle.example.
		middle.example 30        CNAME A.Example.ORG.
		dangling.example         CNAME nobody.example.
		empty.example            CNAME example.org.
		one.example              CNAME two.example.
		two.example              CNAME one.example.
		xn--bcher-kva.example    MX    1 mx.xn--bcher-kva.example.
		deep.below.example       A     192.0.2.9
		1.2.0.192.in-addr.arpa   PTR   A.example.org.
		1.2.0.192.in-addr.arpa   PTR   not\032a\(host.example.
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR a.example.org.
	`)
}

func TestLookups(t *testing.T) {
	ctx, m := t.Context(), testMap()
	m.Secure("example.org")
	m.Insecure("c.example.org")
	m.Secure("alias.example")

	t.Run("MX by preference, names without a dot", func(t *testing.T) {
		got, err := m.MX(ctx, "Example.ORG.")
		want := Answer[MX]{
			Name: "example.org", Authentic: true, TTL: 300 * time.Second,
			Records: []MX{{"a.example.org", 10}, {"c.example.org", 10}, {"b.example.org", 20}},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("a null MX has no host", func(t *testing.T) {
		got, err := m.MX(ctx, "null.example")
		if err != nil || len(got.Records) != 1 || got.Records[0].Host != "" || got.Authentic {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("a U-label is asked for in A-labels", func(t *testing.T) {
		got, err := m.MX(ctx, "BÜCHER.example")
		if err != nil || got.Name != "xn--bcher-kva.example" {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("texts are joined and unescaped, the shortest life counts", func(t *testing.T) {
		got, err := m.TXT(ctx, "example.org")
		want := []string{"v=spf1 mx -all", "quote \" back \\ tab \t é"}
		if err != nil || !slices.Equal(got.Records, want) || got.TTL != time.Minute {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("TLSA", func(t *testing.T) {
		got, err := m.TLSA(ctx, "_25._tcp.a.example.org")
		if err != nil || !reflect.DeepEqual(got.Records, []TLSA{{3, 1, 1, []byte{0, 255, 16}}}) {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("PTR leaves out what no host is called", func(t *testing.T) {
		for _, addr := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"} {
			got, err := m.PTR(ctx, netip.MustParseAddr(addr))
			if err != nil || !slices.Equal(got.Records, []string{"a.example.org"}) {
				t.Errorf("%s: %+v %v", addr, got, err)
			}
		}
		if _, err := m.PTR(ctx, netip.Addr{}); !errors.Is(err, ErrName) {
			t.Errorf("no address: %v", err)
		}
	})
}

func TestAddresses(t *testing.T) {
	ctx, m := t.Context(), testMap()
	addrs := func(s ...string) (out []netip.Addr) {
		for _, a := range s {
			out = append(out, netip.MustParseAddr(a))
		}
		return out
	}
	for _, c := range []struct {
		host string
		want []netip.Addr
	}{
		{"a.example.org", addrs("2001:db8::1", "192.0.2.1")},
		// IPv4 written in IPv6 is what a connection would make of it.
		{"four.example.org", addrs("192.0.2.4")},
		// RFC 6761 §6.3: this machine, and nobody is asked.
		{"localhost", addrs("::1", "127.0.0.1")},
		{"db.LOCALHOST.", addrs("::1", "127.0.0.1")},
	} {
		got, err := m.Addresses(ctx, c.host)
		if err != nil || !slices.Equal(got.Records, c.want) {
			t.Errorf("%s: %+v %v", c.host, got, err)
		}
	}
	if n := m.Asked("localhost", ""); n != 0 {
		t.Errorf("%d questions about localhost", n)
	}

	t.Run("one family is enough, and said to be one", func(t *testing.T) {
		m.Fail("a.example.org", "AAAA", ServFail)
		got, err := m.Addresses(ctx, "a.example.org")
		if err != nil || !slices.Equal(got.Records, addrs("192.0.2.1")) || !got.Partial {
			t.Errorf("%+v %v", got, err)
		}
		m.Fail("a.example.org", "A", NoData)
		if _, err = m.Addresses(ctx, "a.example.org"); !errors.Is(err, ErrTemporary) {
			t.Errorf("what may pass outweighs a denial: %v", err)
		}
	})
	t.Run("a denial of one family is no doubt", func(t *testing.T) {
		if got, err := m.Addresses(ctx, "deep.below.example"); err != nil || got.Partial {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestAliases(t *testing.T) {
	ctx, m := t.Context(), testMap()
	m.Secure("example.org")
	m.Secure("alias.example")

	t.Run("the end has the name, the weakest link the trust and the life", func(t *testing.T) {
		got, err := m.Addresses(ctx, "alias.example")
		if err != nil || got.Name != "a.example.org" || got.Authentic || got.TTL != 30*time.Second {
			t.Errorf("%+v %v", got, err)
		}
		m.Secure("middle.example")
		if got, err = m.Addresses(ctx, "alias.example"); err != nil || !got.Authentic {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("the alias itself", func(t *testing.T) {
		got, err := m.CNAME(ctx, "alias.example")
		if err != nil || !slices.Equal(got.Records, []string{"middle.example"}) || got.Name != "alias.example" || !got.Authentic {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("an end that is not there, or has nothing of the kind", func(t *testing.T) {
		if got, err := m.MX(ctx, "dangling.example"); !errors.Is(err, ErrNoDomain) || got.Name != "nobody.example" {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := m.TLSA(ctx, "empty.example"); errors.Is(err, ErrNoDomain) || !errors.Is(err, ErrNotFound) || got.Name != "example.org" {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("a circle", func(t *testing.T) {
		if _, err := m.MX(ctx, "one.example"); !errors.Is(err, ErrTemporary) {
			t.Error(err)
		}
	})
}

func TestFailures(t *testing.T) {
	ctx, m := t.Context(), testMap()
	for _, c := range []struct {
		name     string
		fail     Failure
		want     error
		noDomain bool
	}{
		{"example.org", Answered, nil, false},
		{"example.org", NoDomain, ErrNotFound, true},
		{"example.org", NoData, ErrNotFound, false},
		{"example.org", ServFail, ErrTemporary, false},
		{"example.org", Refused, ErrTemporary, false},
		{"example.org", Timeout, ErrTemporary, false},
		{"nobody.example", Answered, ErrNotFound, true},
		// RFC 8020 §2: what has names below it is there.
		{"below.example", Answered, ErrNotFound, false},
		// RFC 6761 §6.4 and RFC 7686 §2: not even asked.
		{"mail.invalid", ServFail, ErrNotFound, true},
		{"abc.onion", ServFail, ErrNotFound, true},
		{"localhost", ServFail, ErrNotFound, true},
	} {
		m.Fail(c.name, "", c.fail)
		_, err := m.MX(ctx, c.name)
		if !errors.Is(err, c.want) || errors.Is(err, ErrNoDomain) != c.noDomain {
			t.Errorf("%s %d: %v", c.name, c.fail, err)
		}
	}
	t.Run("a secured name is denied for certain", func(t *testing.T) {
		m.Secure("below.example")
		if got, err := m.TLSA(ctx, "_25._tcp.below.example"); !errors.Is(err, ErrNoDomain) || !got.Authentic || got.TTL != time.Minute {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("nobody asks any more", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := m.MX(ctx, "null.example"); !errors.Is(err, ErrTemporary) {
			t.Error(err)
		}
	})
}

func TestNamesThatCannotBeAsked(t *testing.T) {
	m := testMap()
	long := strings.Repeat(strings.Repeat("a", 49)+".", 5)
	for _, name := range []string{
		"", ".", "..", "a..b", ".a", "a b.example", "a\x00.example", "a\\.b.example", "a\".example", "a;b.example", "ü\n.example",
		strings.Repeat("a", 64) + ".example", long + "abcd.", strings.Repeat("ü", 5000) + ".example", "\xff.example",
	} {
		if _, err := m.MX(t.Context(), name); !errors.Is(err, ErrName) {
			t.Errorf("%.40q: %v", name, err)
		}
	}
	if len(m.Questions()) != 0 {
		t.Error("asked:", m.Questions())
	}
	if _, err := m.MX(t.Context(), long+"abc"); !errors.Is(err, ErrNoDomain) { // 253 octets
		t.Error(err)
	}
}

func TestMapCounts(t *testing.T) {
	ctx, m := t.Context(), testMap()
	for range 3 {
		if _, err := m.Addresses(ctx, "a.example.org"); err != nil {
			t.Fatal(err)
		}
	}
	if m.Asked("A.example.org", "A") != 3 || m.Asked("a.example.org", "") != 6 || m.Asked("example.org", "") != 0 {
		t.Error(m.Questions())
	}
	m.Forget()
	m.Remove("a.example.org")
	if _, err := m.Addresses(ctx, "a.example.org"); !errors.Is(err, ErrNotFound) || len(m.Questions()) != 2 {
		t.Error(err, m.Questions())
	}
	defer func() {
		if recover() == nil {
			t.Error("a wrong text passes")
		}
	}()
	m.Add("example.org MX ten mx.example.org.")
}
