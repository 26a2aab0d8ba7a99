package acme

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"buzon/internal/dns"
)

// look finds out which names lead here, and why others do not. A main name is believed to: from behind a router nobody
// knows the address that the world sees, and the trial will tell.
func (m *Manager) look(ctx context.Context, names []Name) failures {
	resolver := m.Resolver()
	failed := failures{}
	found := map[string][]netip.Addr{}
	ours := m.Here()
	for _, n := range names {
		answer, err := resolver.Addresses(ctx, n.Name)
		if err != nil {
			failed[n.Name] = explainLookup(err)
			continue
		}
		found[n.Name] = answer.Records
		if n.Main {
			ours = append(ours, answer.Records...)
		}
	}
	for name, addresses := range found {
		switch {
		case !slices.ContainsFunc(addresses, reachable):
			failed[name] = problem(Private, text(addresses))
		case !slices.ContainsFunc(addresses, func(a netip.Addr) bool { return slices.Contains(ours, a) }):
			failed[name] = problem(Elsewhere, text(addresses))
		}
	}
	for _, p := range failed {
		p.At = m.Now()
	}
	return failed
}

func explainLookup(err error) *Problem {
	if errors.Is(err, dns.ErrNotFound) || errors.Is(err, dns.ErrName) {
		return problem(NotInDNS, "")
	}
	return problem(DNSSilent, err.Error())
}

// reachable tells whether the world could connect to an address.
func reachable(a netip.Addr) bool {
	carrier := netip.MustParsePrefix("100.64.0.0/10") // RFC 6598: behind the provider's own translation
	return a.IsGlobalUnicast() && !a.IsPrivate() && !carrier.Contains(a.Unmap())
}

func text(addresses []netip.Addr) string {
	var list []string
	for _, a := range addresses {
		list = append(list, a.String())
	}
	return strings.Join(list, ", ")
}

// Public tells whether an authority that the world trusts could give a certificate for a name: not for those that are
// reserved (RFC 2606, 6761, 6762, 7686, 8375, and ICANN's .internal), and not for a name without a dot.
func Public(name string) bool {
	reserved := []string{
		"test", "example", "invalid", "localhost", "local", "onion", "internal", "home.arpa", "lan", "home", "corp", "localdomain",
		"example.com", "example.net", "example.org",
	}
	return strings.Contains(name, ".") && !slices.ContainsFunc(reserved, func(r string) bool {
		return name == r || strings.HasSuffix(name, "."+r)
	})
}

// candidates are the names that are wanted and may have a certificate.
func (m *Manager) candidates(ctx context.Context, s Settings) ([]Name, error) {
	names, err := m.Names(ctx)
	if err != nil || s.Directory != "" { // another authority may know names of its own
		return names, err
	}
	return slices.DeleteFunc(slices.Clone(names), func(n Name) bool { return !Public(n.Name) }), nil
}
