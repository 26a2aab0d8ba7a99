package line

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/outside"
)

// IPv6 tells whether what DNS promises of IPv6 is true: an iPhone that finds an address of it does not fall back to IPv4.
func (l *Line) IPv6(ctx context.Context, w Where) finding.Finding {
	published, err := l.published(ctx)
	switch {
	case err != nil:
		return finding.NotKnown(say("line_dns_silent", "name", l.Host), say("line_cure_network"))
	case len(published) == 0 && w.HasIPv6:
		return finding.Passed(say("line_ipv_six_unused"))
	case len(published) == 0:
		return finding.Passed(say("line_ipv_six_none"))
	}
	for _, a := range published {
		if f := l.promised(w, a); f.Verdict != finding.Pass {
			return f
		}
	}
	return finding.Passed(say("line_ipv_six_works", "host", l.Host))
}

// promised is one address that DNS has.
func (l *Line) promised(w Where, a netip.Addr) finding.Finding {
	for _, answer := range w.Eye {
		if answer.Address.Is6() && answer.Find(993).State != outside.Open {
			return finding.Failed(say("line_ipv_six_shut", "address", answer.Address.String()), say("line_cure_ipv_six_shut"))
		}
	}
	switch {
	case slices.Contains(w.Public, a):
		return finding.Passed(say("line_ipv_six_works", "host", l.Host))
	case !w.HasIPv6 && len(l.Machine) > 0:
		return finding.Failed(say("line_ipv_six_promised", "host", l.Host, "address", a.String()), say("line_cure_ipv_six_remove", "host", l.Host))
	case w.HasIPv6:
		return finding.Failed(say("line_ipv_six_other", "host", l.Host, "address", a.String()), say("line_cure_ipv_six_update", "host", l.Host))
	}
	return finding.NotKnown(say("line_ipv_six_unknown"), say("line_cure_network"))
}

// published are the IPv6 addresses of our name.
func (l *Line) published(ctx context.Context) ([]netip.Addr, error) {
	if l.Host == "" {
		return nil, nil
	}
	answer, err := l.Resolver.Addresses(ctx, l.Host)
	if err != nil && !errors.Is(err, dns.ErrNotFound) {
		return nil, err
	}
	var list []netip.Addr
	for _, a := range answer.Records {
		if a.Is6() {
			list = append(list, a)
		}
	}
	return list, nil
}
