package verdict

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// RFC 7208 §4.6.4 counts the terms that ask, of all records together.
func TestLookupSPF(t *testing.T) {
	t.Parallel()
	r := dns.NewMap(`
		one.example     TXT "v=spf1 mx a:x.example ip4:192.0.2.1 include:two.example ~all"
		one.example     TXT "site-verification=1"
		two.example     TXT "v=spf1 include:three.example exists:%{i}.x.example -all"
		three.example   TXT "v=spf1 ip6:2001:db8::/32 redirect=four.example"
		four.example    TXT "v=spf1 ptr -all"
		both.example    TXT "v=spf1 -all"
		both.example    TXT "v=spf1 mx -all"
		bad.example     TXT "v=spf1 mx all:x"
		within.example  TXT "v=spf1 include:bad.example -all"
		round.example   TXT "v=spf1 include:round.example -all"
		none.example    TXT "v=spf10 mx"
		macro.example   TXT "v=spf1 include:%{d}.x.example -all"
	`)
	r.Fail("silent.example", "", dns.ServFail)
	r.Add(`half.example. TXT "v=spf1 include:silent.example -all"`)
	for _, c := range []struct {
		domain           string
		records, lookups int
		fault            bool
		includes         string
	}{
		{"one.example", 1, 7, false, "two.example three.example four.example"},
		{"ONE.example.", 1, 7, false, "two.example three.example four.example"},
		{"both.example", 2, 0, false, ""},
		{"bad.example", 1, 0, true, ""},
		{"within.example", 1, 1, true, "bad.example"},
		{"none.example", 0, 0, false, ""},
		{"nothing.example", 0, 0, false, ""},
		{"macro.example", 1, 1, false, ""},
	} {
		got, err := LookupSPF(t.Context(), r, c.domain)
		if err != nil || got.Records != c.records || got.Lookups != c.lookups || (got.Fault != nil) != c.fault ||
			strings.Join(got.Includes, " ") != c.includes {
			t.Errorf("%s: %+v %v", c.domain, got, err)
		}
	}
	if got, err := LookupSPF(t.Context(), r, "round.example"); err != nil || got.Lookups != MaxSPFLookups+1 {
		t.Errorf("a round: %+v %v", got, err)
	}
	for _, domain := range []string{"silent.example", "half.example"} {
		if _, err := LookupSPF(t.Context(), r, domain); !errors.Is(err, dns.ErrTemporary) {
			t.Errorf("%s: %v", domain, err)
		}
	}
}

func TestCheckSPF(t *testing.T) {
	t.Parallel()
	r := dns.NewMap(`example.org TXT "v=spf1 ip4:198.51.100.7 -all"`)
	from := message.Address{Local: "ana", Domain: "example.org"}
	for address, want := range map[string]string{"198.51.100.7": Pass, "198.51.100.8": Fail} {
		if got := CheckSPF(t.Context(), r, netip.MustParseAddr(address), "mail.example.org", from); got.Result != want {
			t.Errorf("%s: %+v", address, got)
		}
	}
}

func TestLookupDMARC(t *testing.T) {
	t.Parallel()
	r := dns.NewMap(`
		_dmarc.example.org  TXT "v=DMARC1; p=reject; rua=mailto:a@example.org"
		_dmarc.both.example TXT "v=DMARC1; p=reject"
		_dmarc.both.example TXT "v=DMARC1; p=none"
	`)
	r.Fail("_dmarc.silent.example", "", dns.ServFail)
	p, err := LookupDMARC(t.Context(), r, "Example.org")
	if err != nil || p.Source != "example.org" || p.Record.Policy != Reject || !slices.Equal(p.Record.Aggregate, []string{"mailto:a@example.org"}) {
		t.Errorf("%+v %v", p, err)
	}
	if p, err = LookupDMARC(t.Context(), r, "sub.example.org"); err != nil || p.Source != "example.org" {
		t.Errorf("%+v %v", p, err)
	}
	if p, err = LookupDMARC(t.Context(), r, "both.example"); err != nil || p.Source != "" || !p.Several {
		t.Errorf("%+v %v", p, err)
	}
	if _, err = LookupDMARC(t.Context(), r, "silent.example"); !errors.Is(err, dns.ErrTemporary) {
		t.Error(err)
	}
}
