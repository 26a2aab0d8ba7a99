package dns

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
)

func TestReverse(t *testing.T) {
	m := NewMap(`
		1.2.0.192.in-addr.arpa   PTR   mx.example.org.
		1.2.0.192.in-addr.arpa   PTR   liar.example.com.
		mx.example.org           A     192.0.2.1
		mx.example.org           AAAA  2001:db8::1
		liar.example.com         A     198.51.100.1
		2.2.0.192.in-addr.arpa   PTR   liar.example.com.
		3.2.0.192.in-addr.arpa   PTR   nobody.example.
		4.2.0.192.in-addr.arpa   PTR   slow.example.
		6.2.0.192.in-addr.arpa   PTR   half.example.
		half.example             AAAA  2001:db8::6
		7.2.0.192.in-addr.arpa   PTR   localhost.
		8.2.0.192.in-addr.arpa   CNAME 8.0/25.2.0.192.in-addr.arpa.
		8.0/25.2.0.192.in-addr.arpa PTR eight.example.org.
		eight.example.org        A     192.0.2.8
	`)
	m.Fail("slow.example", "", Timeout)
	m.Fail("half.example", "A", ServFail)
	m.Fail("5.2.0.192.in-addr.arpa", "", ServFail)
	m.Secure("example.org")
	m.Secure("192.in-addr.arpa")
	for i := range 12 { // the true name beyond the tenth is not looked for
		m.Add(fmt.Sprintf("10.2.0.192.in-addr.arpa PTR n%d.example.org.", i))
	}
	m.Add("n11.example.org A 192.0.2.10")

	for _, c := range []struct {
		addr, result, name string
		claimed            int
		authentic          bool
	}{
		{"192.0.2.1", ReversePass, "mx.example.org", 2, true},
		{"::ffff:192.0.2.1", ReversePass, "mx.example.org", 2, true},
		// Names, and none leads back: to another address, to none, to this very machine.
		{"192.0.2.2", ReverseFail, "", 1, true},
		{"192.0.2.3", ReverseFail, "", 1, true},
		{"192.0.2.7", ReverseFail, "", 1, true},
		{"192.0.2.10", ReverseFail, "", 12, true},
		// It may pass yet.
		{"192.0.2.4", ReverseTempError, "", 1, true},
		{"192.0.2.5", ReverseTempError, "", 0, false},
		{"192.0.2.6", ReverseTempError, "", 1, true},
		// No name at all.
		{"192.0.2.99", ReversePermError, "", 0, true},
		{"2001:db8::99", ReversePermError, "", 0, false},
		// RFC 2317: the names of a small network stand elsewhere.
		{"192.0.2.8", ReversePass, "eight.example.org", 1, true},
	} {
		r := LookupReverse(t.Context(), m, netip.MustParseAddr(c.addr))
		if r.Result != c.result || r.Name() != c.name || len(r.Claimed) != c.claimed || r.Authentic != c.authentic {
			t.Errorf("%s: %+v", c.addr, r)
		}
	}
	if n := m.Asked("n11.example.org", ""); n != 0 {
		t.Errorf("%d questions beyond the tenth name", n)
	}
	if r := LookupReverse(t.Context(), m, netip.Addr{}); r.Result != ReversePermError {
		t.Errorf("no address: %+v", r)
	}
}

func TestHelloName(t *testing.T) {
	m := NewMap(`
		mail.example.org   A     192.0.2.1
		mail.example.org   AAAA  2001:db8::1
		old.example.org    A     198.51.100.1
		alias.example.org  CNAME mail.example.org.
		lan.example.org    A     192.168.1.2
		xn--bcher-kva.example A  192.0.2.1
	`)
	m.Fail("slow.example", "", Timeout)
	addrs := func(s ...string) (out []netip.Addr) {
		for _, a := range s {
			out = append(out, netip.MustParseAddr(a))
		}
		return out
	}
	ours := addrs("192.168.1.2", "192.0.2.1")
	for _, c := range []struct {
		what       string
		candidates []string
		addrs      []netip.Addr
		want       string
	}{
		{"the name of our address", []string{"old.example.org", "mail.example.org"}, ours, "mail.example.org"},
		{"by IPv6 too", []string{"old.example.org", "mail.example.org"}, addrs("2001:db8::1"), "mail.example.org"},
		{"an alias leads there too", []string{"alias.example.org"}, ours, "alias.example.org"},
		{"in A-labels, lower case", []string{"Bücher.Example."}, ours, "xn--bcher-kva.example"},
		// A private address is not what receivers see.
		{"not by a private address", []string{"old.example.org", "lan.example.org"}, ours, "old.example.org"},
		{"none leads here: the first whole name", []string{"", "box", "slow.example", "old.example.org"}, ours, "slow.example"},
		{"our address is not known", []string{"old.example.org", "mail.example.org"}, nil, "old.example.org"},
		// Names that the world's DNS does not have.
		{
			"no public name: the public address",
			[]string{"buzon.local", "box", "localhost", "a.localhost", "x.home.arpa", "my.lan", "a.internal", "x.invalid", "x.onion", "a_b.example.org", "-a.example.org", "a-.example", "a..b", "192.0.2.1", "a b.example"},
			ours, "[192.0.2.1]",
		},
		{"no public address either", []string{"buzon.local"}, addrs("fe80::1%eth0", "192.168.1.2"), "[IPv6:fe80::1]"},
		{"nothing at all", nil, nil, "[127.0.0.1]"},
		{"IPv4 written in IPv6", nil, addrs("::ffff:192.0.2.7"), "[192.0.2.7]"},
	} {
		if got := HelloName(t.Context(), m, c.candidates, c.addrs); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestIsPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"192.0.2.1": true, "2001:db8::1": true, "8.8.8.8": true, "::ffff:8.8.8.8": true, "100.63.0.1": true, "100.128.0.1": true,
		"10.1.2.3": false, "192.168.0.1": false, "172.16.0.1": false, "100.64.0.1": false, "100.127.255.254": false, "127.0.0.1": false,
		"169.254.1.1": false, "0.0.0.0": false, "::": false, "::1": false, "fe80::1": false, "fd00::1": false, "ff02::1": false,
		"::ffff:192.168.0.1": false, "::ffff:100.64.0.1": false,
	} {
		if got := IsPublic(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}

func TestStandard(t *testing.T) {
	m := testMap()
	m.Fail("slow.example", "", Timeout)
	m.Fail("half.example", "AAAA", ServFail)
	m.Add("half.example A 192.0.2.3")
	s, ctx := Standard{m}, t.Context()
	texts, err := s.LookupTXT(ctx, "example.org")
	if err != nil || len(texts) != 2 || texts[0] != "v=spf1 mx -all" {
		t.Errorf("%q %v", texts, err)
	}
	mx, err := s.LookupMX(ctx, "example.org")
	if err != nil || len(mx) != 3 || mx[0].Host != "a.example.org." || mx[0].Pref != 10 {
		t.Errorf("%+v %v", mx, err)
	}
	if mx, err = s.LookupMX(ctx, "null.example"); err != nil || len(mx) != 1 || mx[0].Host != "." {
		t.Errorf("%+v %v", mx, err)
	}
	ips, err := s.LookupIPAddr(ctx, "a.example.org.")
	if err != nil || len(ips) != 2 || ips[1].String() != "192.0.2.1" {
		t.Errorf("%v %v", ips, err)
	}
	names, err := s.LookupAddr(ctx, "192.0.2.1")
	if err != nil || !slices.Equal(names, []string{"a.example.org."}) {
		t.Errorf("%v %v", names, err)
	}
}

// The libraries look at the bare type, not through errors.As.
func TestStandardErrors(t *testing.T) {
	m := testMap()
	m.Fail("slow.example", "", Timeout)
	m.Add("half.example A 192.0.2.3")
	m.Fail("half.example", "AAAA", ServFail)
	s, ctx := Standard{m}, t.Context()
	errOf := func(_ any, err error) error { return err }
	for what, c := range map[string]struct {
		err       error
		temporary bool
	}{
		"no such name":   {errOf(s.LookupTXT(ctx, "nobody.example")), false},
		"no such record": {errOf(s.LookupMX(ctx, "a.example.org")), false},
		"not a name":     {errOf(s.LookupIPAddr(ctx, "a..b")), false},
		"not an address": {errOf(s.LookupAddr(ctx, "a.example.org")), false},
		"no answer":      {errOf(s.LookupIPAddr(ctx, "slow.example")), true},
		"half an answer": {errOf(s.LookupIPAddr(ctx, "half.example")), true},
	} {
		e, ok := c.err.(*net.DNSError)
		if !ok || e.Temporary() != c.temporary || e.IsNotFound == c.temporary {
			t.Errorf("%s: %#v", what, c.err)
		}
	}
}
