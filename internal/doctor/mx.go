package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/records"
)

// host is the name of the server for a domain, in A-labels.
func (e *exam) host(domain string) string { return ascii(records.Host(e.Store, domain)) }

// dnsSilent is a question that nobody answered.
func dnsSilent(name string) Finding {
	return finding.NotKnown(finding.Say("line_dns_silent", "name", name), finding.Say("line_cure_network"))
}

// showRecords is the cure of what is missing in DNS.
func showRecords(domain string) Phrase { return finding.Say("doctor_cure_dns", "domain", domain) }

// checkMX looks who takes mail for the domain (RFC 5321 §5.1): we, before all others.
func checkMX(ctx context.Context, e *exam, domain string) (Finding, error) {
	host := e.host(domain)
	answer, err := e.resolver.MX(ctx, domain)
	switch {
	case errors.Is(err, dns.ErrNotFound):
		return finding.Failed(finding.Say("doctor_mx_none", "domain", domain), showRecords(domain)), nil
	case err != nil:
		return dnsSilent(domain), nil
	}
	list := answer.Records // the lowest preference first
	ours := slices.IndexFunc(list, func(m dns.MX) bool { return m.Host == host })
	switch {
	case ours < 0 && list[0].Host == "": // RFC 7505
		return finding.Failed(finding.Say("doctor_mx_null", "domain", domain), showRecords(domain)), nil
	case ours < 0:
		return finding.Failed(finding.Say("doctor_mx_other", "domain", domain, "found", hosts(list), "host", host), showRecords(domain)), nil
	case list[0].Preference < list[ours].Preference:
		return finding.Failed(finding.Say("doctor_mx_after", "domain", domain, "found", hosts(list), "host", host), showRecords(domain)), nil
	}
	if alias, err := e.resolver.CNAME(ctx, host); err == nil { // RFC 2181 §10.3
		return finding.Warned(finding.Say("doctor_mx_alias", "host", host, "name", alias.Records[0]), showRecords(domain)), nil
	}
	if len(list) > 1 {
		return finding.Warned(finding.Say("doctor_mx_more", "domain", domain, "found", hosts(list), "host", host), finding.Say("doctor_cure_mx_more")), nil
	}
	return finding.Passed(finding.Say("doctor_mx_good", "domain", domain, "host", host)), nil
}

func hosts(list []dns.MX) string {
	var names []string
	for _, m := range list {
		names = append(names, fmt.Sprintf("%d %s", m.Preference, m.Host))
	}
	return strings.Join(short(names), ", ")
}

// checkAddress looks whether the server's name leads to us.
func checkAddress(ctx context.Context, e *exam, domain string) (Finding, error) {
	host := e.host(domain)
	answer, err := e.resolver.Addresses(ctx, host)
	switch {
	case errors.Is(err, dns.ErrNotFound):
		return finding.Failed(finding.Say("doctor_address_none", "host", host), showRecords(domain)), nil
	case err != nil:
		return dnsSilent(host), nil
	}
	where := e.where()
	var strange []netip.Addr
	for _, a := range answer.Records {
		if !slices.Contains(where.Public, a) && !slices.Contains(e.line.Machine, a) && !e.line.Hairpins(ctx, a) {
			strange = append(strange, a)
		}
	}
	found := addresses(strange)
	switch {
	case len(strange) == 0:
		return finding.Passed(finding.Say("doctor_address_good", "host", host, "found", addresses(answer.Records))), nil
	case !where.Certainly && strange[0].Is4(), !where.Certainly && len(where.Public) == 0:
		return finding.NotKnown(finding.Say("doctor_address_unknown", "host", host, "found", found), finding.Say("doctor_cure_eye")), nil
	case len(strange) < len(answer.Records):
		return finding.Warned(finding.Say("doctor_address_some", "host", host, "found", found), showRecords(domain)), nil
	}
	ours := addresses(where.Public)
	return finding.Failed(finding.Say("doctor_address_other", "host", host, "found", found, "ours", ours), showRecords(domain)), nil
}

func addresses(list []netip.Addr) string {
	var texts []string
	for _, a := range list {
		texts = append(texts, a.String())
	}
	return strings.Join(short(texts), ", ")
}
