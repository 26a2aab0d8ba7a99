package verdict

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// Which identity is judged, and whose word it is.
func TestSPFIdentities(t *testing.T) {
	m := world(t)
	m.Add(`quoted.example. TXT "v=spf1 exists:%{l}.%{o}.x.example -all"`)
	for _, c := range []struct {
		name, helo, from string
		result, sender   string
	}{
		{"reverse-path", "x.example", "ana@far.example", Pass, "ana@far.example"},
		{"HELO", "mx.far.example", "", Pass, "postmaster@mx.far.example"},
		{"HELO in capitals, with a dot", "MX.Far.Example.", "", Pass, "postmaster@mx.far.example"},
		// RFC 7208 §4.3: nothing to ask about.
		{"a literal", "[192.0.2.1]", "", None, ""},
		{"one label", "localhost", "", None, ""},
		{"nothing", "", "", None, ""},
		{"no domain", "far.example", "postmaster", None, ""},
		{"no record", "x.example", "a@none.example", None, "a@none.example"},
		// An @ in the local part does not make another domain.
		{"quoted", "x.example", `"a@far.example"@quoted.example`, Fail, `"a@far.example"@quoted.example`},
	} {
		from := message.Address{}
		if c.from != "" {
			from = addr(t, c.from)
		}
		got := checkSPF(t.Context(), Mail{Resolver: m, Helo: c.helo}, client, from)
		if got.Result != c.result || c.sender != "" && got.Sender != c.sender {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestTerms(t *testing.T) {
	for _, c := range []struct {
		term string
		want term
		ok   bool
	}{
		{"all", term{name: "all"}, true},
		{"-all:x", term{"-", "all", ":", "x", ""}, false},
		{"a/24//64", term{name: "a", cidr: "/24//64"}, true},
		{"~mx:a.example//64", term{"~", "mx", ":", "a.example", "//64"}, true},
		{"a:b/c.example/24", term{"", "a", ":", "b/c.example", "/24"}, true},
		{"ip6:2001:db8::/32", term{"", "ip6", ":", "2001:db8::", "/32"}, true},
		{"ip4:2001:db8::/32", term{"", "ip4", ":", "2001:db8::", "/32"}, false},
		{"ip4:192.0.2.1/33", term{"", "ip4", ":", "192.0.2.1", "/33"}, false},
		{"redirect=%{d1r-}.example", term{name: "redirect", separator: "=", domain: "%{d1r-}.example"}, true},
		{"redirect=", term{name: "redirect", separator: "="}, false},
		{"other=any:thing/%{s}", term{name: "other", separator: "=", domain: "any:thing/%{s}"}, true},
		{"+other=x", term{qualifier: "+", name: "other=x"}, false},
		{"include:%{x}.example", term{"", "include", ":", "%{x}.example", ""}, false},
		{"exists:%{l0}.example", term{"", "exists", ":", "%{l0}.example", ""}, false},
		{"", term{}, false},
	} {
		got := cutTerm(c.term)
		if got != c.want || (got.check() == nil) != c.ok {
			t.Errorf("%q: %+v, %v", c.term, got, got.check())
		}
		if whole := got.qualifier + got.name + got.separator + got.domain + got.cidr; whole != c.term {
			t.Errorf("%q became %q", c.term, whole)
		}
	}
}

// one answers every TXT with the same record.
type one struct {
	*dns.Map
	record string
}

func (o one) TXT(context.Context, string) (dns.Answer[string], error) {
	return dns.Answer[string]{Records: []string{o.record}}, nil
}

// Whatever the record, there is a result, and a wrong one is a permerror wherever the mistake is.
func FuzzSPF(f *testing.F) {
	f.Add("v=spf1 a:b/c.example/24 exists:%{p2r}.%{ir}.%{v}._spf.%{d} -all", "ana")
	f.Add("v=spf1 include:%{l1r+-}._spf.example ?all redirect=x.example", "a+b-c")
	f.Add("v=spf1 +all all=", "")
	m := dns.NewMap("")
	f.Fuzz(func(t *testing.T, record, local string) {
		got := checkSPF(t.Context(), Mail{Resolver: one{m, record}, Helo: "x.example"}, netip.MustParseAddr("2001:db8::1"), message.Address{Local: local + "x", Domain: "far.example"})
		if !slices.Contains([]string{Pass, Fail, SoftFail, Neutral, None, TempError, PermError}, got.Result) {
			t.Errorf("%q: %+v", record, got)
		}
		if terms, ok := spfTerms(record); ok && checkTerms(terms) != nil && got.Result != PermError {
			t.Errorf("%q: %+v, want permerror", record, got)
		}
		if terms, ok := spfTerms(record); ok && checkTerms(slices.Clone(terms)) == nil && slices.Equal(terms, []string{"-all"}) && got.Result != Fail {
			t.Errorf("%q: %+v", strings.TrimSpace(record), got)
		}
	})
}
