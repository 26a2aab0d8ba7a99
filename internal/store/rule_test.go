package store

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"buzon/internal/message"
)

func addRule(t *testing.T, s *Store, acc AccountID, allow bool, kind, value string) {
	t.Helper()
	_, err := s.AddRule(t.Context(), Rule{Account: acc, Allow: allow, Kind: kind, Value: value})
	check(t, err)
}

func rulesOf(t *testing.T, s *Store, allow bool) (all []string) {
	t.Helper()
	check(t, s.Rules(t.Context(), allow, func(r Rule) error {
		all = append(all, fmt.Sprint(r.Kind, " ", r.Value, " ", r.Owner))
		return nil
	}))
	return all
}

func TestRuleValues(t *testing.T) {
	s, _ := openAt(t)
	for _, tt := range []struct{ kind, value, want string }{
		{RuleAddress, "Ana@EXAMPLE.org", "ana@example.org"},
		{RuleAddress, "ana", ""},
		{RuleAddress, "postmaster", ""},
		{RuleDomain, "XN--Muoz-hqa.example.", "muñoz.example"},
		{RuleDomain, "two words", ""},
		{RuleDomain, "[192.0.2.1]", ""},
		{RuleHost, "MX.example.org", "mx.example.org"},
		{RuleNetwork, "192.0.2.7", "192.0.2.7"},
		{RuleNetwork, "192.0.2.7/32", "192.0.2.7"},
		{RuleNetwork, "192.0.2.7/24", "192.0.2.0/24"},
		{RuleNetwork, "::ffff:192.0.2.9", "192.0.2.9"},
		{RuleNetwork, "2001:DB8::1/32", "2001:db8::/32"},
		// A mistake must not shut out the world.
		{RuleNetwork, "0.0.0.0/0", ""},
		{RuleNetwork, "10.0.0.0/7", ""},
		{RuleNetwork, "2000::/15", ""},
		{RuleNetwork, "::ffff:0.0.0.0/96", ""},
		{RuleNetwork, "fe80::1%eth0", ""},
		{RuleNetwork, "here", ""},
		{"else", "x", ""},
	} {
		row, err := Rule{Kind: tt.kind, Value: tt.value}.clean()
		if tt.want == "" {
			if !errors.Is(err, ErrBadName) {
				t.Errorf("%s %q: %q, %v", tt.kind, tt.value, row.Value, err)
			}
			continue
		}
		if err != nil || row.Value != tt.want {
			t.Errorf("%s %q: %q, %v, want %q", tt.kind, tt.value, row.Value, err, tt.want)
			continue
		}
		addRule(t, s, 0, false, tt.kind, tt.value)
		check(t, s.RemoveRule(t.Context(), Rule{Kind: tt.kind, Value: tt.want}))
	}
}

func TestRulesAreListedAndGoWithTheirAccount(t *testing.T) {
	s, _ := openAt(t)
	ana, _ := person(t, s, "ana", 0)
	addRule(t, s, 0, false, RuleDomain, "far.test")
	addRule(t, s, ana, false, RuleDomain, "far.test") // another, for her alone
	addRule(t, s, ana, true, RuleAddress, "kim@far.test")
	owner := "ana@example.test"
	if got, want := rulesOf(t, s, false), []string{"domain far.test ", "domain far.test " + owner}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	addRule(t, s, 0, true, RuleDomain, "far.test") // turned around
	if got, want := rulesOf(t, s, true), []string{"domain far.test ", "address kim@far.test " + owner}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if err := s.RemoveRule(t.Context(), Rule{Kind: RuleDomain, Value: "far.test"}); !errors.Is(err, ErrNoRule) {
		t.Errorf("removed what says the contrary: %v", err)
	}
	if _, err := s.AddRule(t.Context(), Rule{Account: 99, Kind: RuleDomain, Value: "far.test"}); !errors.Is(err, ErrNoAccount) {
		t.Error(err)
	}
	for i := range 2 * rulePage {
		addRule(t, s, 0, false, RuleDomain, fmt.Sprintf("d%d.test", i))
	}
	if n := len(rulesOf(t, s, false)); n != 2*rulePage+1 {
		t.Errorf("%d rules listed", n)
	}
	check(t, s.write(t.Context(), func(tx *tx) error {
		return firstError(exec(tx.Conn, `DELETE FROM mailbox WHERE account = ?`, ana), exec(tx.Conn, `DELETE FROM account WHERE id = ?`, ana))
	}))
	if got := rulesOf(t, s, true); !slices.Equal(got, []string{"domain far.test "}) {
		t.Errorf("%q", got)
	}
}

func TestAccess(t *testing.T) {
	s, _ := openAt(t)
	ana, _ := person(t, s, "ana", 0)
	luis, _ := person(t, s, "luis", 0)
	both := []AccountID{ana, luis}
	addRule(t, s, 0, false, RuleDomain, "bad.test")
	addRule(t, s, 0, true, RuleAddress, "good@bad.test")
	addRule(t, s, ana, true, RuleAddress, "hers@bad.test")
	addRule(t, s, ana, false, RuleAddress, "ex@far.test")
	addRule(t, s, luis, false, RuleDomain, "far.test")
	addRule(t, s, luis, true, RuleAddress, "kim@far.test")
	addRule(t, s, 0, false, RuleNetwork, "192.0.2.0/25")
	addRule(t, s, 0, true, RuleNetwork, "192.0.2.7")
	addRule(t, s, 0, false, RuleNetwork, "2001:db8::/32")
	addRule(t, s, 0, false, RuleHost, "dyn.muñoz.test")
	for _, tt := range []struct {
		name, from, client, host string
		accounts                 []AccountID
		want                     string // allow, block, or ""
		blocked                  []AccountID
	}{
		{name: "nothing said", from: "a@b.test", accounts: both},
		{name: "null sender", accounts: both},
		// Senders; a domain stands for those below it.
		{name: "domain", from: "a@bad.test", accounts: both, want: "block"},
		{name: "below", from: "a@x.y.BAD.test", accounts: both, want: "block"},
		{name: "another that ends alike", from: "a@notbad.test", accounts: both},
		{name: "many labels", from: "a@1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.bad.test", accounts: both, want: "block"},
		// What is allowed wins, whoever says so.
		{name: "allowed by the box", from: "GOOD@bad.test", accounts: both, want: "allow"},
		{name: "allowed by her", from: "hers@bad.test", accounts: both, want: "allow"},
		{name: "which is not his", from: "hers@bad.test", accounts: []AccountID{luis}, want: "block"},
		{name: "his friend", from: "kim@far.test", accounts: []AccountID{luis}, want: "allow"},
		// Blocked by accounts.
		{name: "one of two", from: "any@far.test", accounts: both, blocked: []AccountID{luis}},
		{name: "the one", from: "any@far.test", accounts: []AccountID{luis}, want: "block", blocked: []AccountID{luis}},
		{name: "both", from: "ex@far.test", accounts: both, want: "block", blocked: both},
		{name: "without accounts only the box", from: "any@far.test"},
		// Hosts and networks.
		{name: "network", from: "a@b.test", client: "192.0.2.127", accounts: both, want: "block"},
		{name: "beyond", from: "a@b.test", client: "192.0.2.128", accounts: both},
		{name: "the address within", client: "192.0.2.7", accounts: both, want: "allow"},
		{name: "IPv4 in IPv6", client: "::ffff:192.0.2.1", accounts: both, want: "block"},
		{name: "IPv6", client: "2001:db8:ffff:ffff::", accounts: both, want: "block"},
		{name: "IPv6 beyond", client: "2001:db9::", accounts: both},
		{name: "host, in A-labels", host: "1.dyn.xn--muoz-hqa.test", accounts: both, want: "block"},
		{name: "host above", host: "muñoz.test", accounts: both},
		{name: "allow beats a host", from: "good@bad.test", host: "1.dyn.muñoz.test", accounts: both, want: "allow"},
		{name: "not a host", host: "not a host", accounts: both},
	} {
		caller := Caller{From: []message.Address{{}}}
		if tt.from != "" {
			caller.From = addresses(t, tt.from)
		}
		if tt.client != "" {
			caller.Client = netip.MustParseAddr(tt.client)
		}
		if tt.host != "" {
			caller.Hosts = []string{tt.host}
		}
		got, err := s.Access(t.Context(), tt.accounts, caller)
		check(t, err)
		said := ""
		if got.Allow.ID != 0 {
			said = "allow"
		}
		if got.Block.ID != 0 {
			said += "block"
		}
		slices.Sort(got.Blocked)
		if said != tt.want || !slices.Equal(got.Blocked, tt.blocked) {
			t.Errorf("%s: %q, blocked by %v, want %q, %v", tt.name, said, got.Blocked, tt.want, tt.blocked)
		}
	}
}
