package doctor

import (
	"context"
	"errors"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/outbound"
	"buzon/internal/zone"
)

// checkSTS looks whether the policy on TLS is there and true (RFC 8461 §3). One that is enforced and false loses mail.
func checkSTS(ctx context.Context, e *exam, domain string) (Finding, error) {
	name := "_mta-sts." + domain
	answer, err := e.resolver.TXT(ctx, name)
	switch {
	case errors.Is(err, dns.ErrTemporary):
		return dnsSilent(name), nil
	case errors.Is(err, dns.ErrNotFound):
		return finding.Warned(finding.Say("doctor_sts_none", "domain", domain), showRecords(domain)), nil
	}
	id, ok := outbound.STSID(answer.Records)
	if !ok { // RFC 8461 §3.1: not exactly one is none
		return finding.Warned(finding.Say("doctor_sts_broken", "name", name), showRecords(domain)), nil
	}
	text, err := e.fetch(ctx, "mta-sts."+ascii(domain), "/.well-known/mta-sts.txt")
	if err != nil {
		return finding.Warned(finding.Say("doctor_sts_unfetched", "domain", domain, "err", err.Error()), finding.Say("doctor_cure_sts")), nil
	}
	policy, err := outbound.ParseSTSPolicy(text)
	if err != nil {
		return finding.Warned(finding.Say("doctor_sts_unfetched", "domain", domain, "err", err.Error()), finding.Say("doctor_cure_sts")), nil
	}
	return e.judgePolicy(domain, id, policy)
}

func (e *exam) judgePolicy(domain, id string, policy outbound.STSPolicy) (Finding, error) {
	facts, err := e.facts[domain]()
	if err != nil {
		return Finding{}, err
	}
	host := e.host(domain)
	switch {
	case policy.Mode == outbound.STSEnforce && !policy.Allows(host):
		return finding.Failed(finding.Say("doctor_sts_forbids", "domain", domain, "host", host), finding.Say("doctor_cure_sts_host")), nil
	case wantedID(facts) != id:
		return finding.Warned(finding.Say("doctor_sts_old", "domain", domain), showRecords(domain)), nil
	case policy.Mode != outbound.STSEnforce:
		return finding.Passed(finding.Say("doctor_sts_testing", "domain", domain)), nil
	}
	return finding.Passed(finding.Say("doctor_sts_good", "domain", domain)), nil
}

// wantedID is the id that our record has.
func wantedID(facts zone.Facts) string {
	list, err := zone.Records(facts)
	if err != nil {
		return ""
	}
	for _, r := range list {
		if r.Purpose == zone.ForSTS && r.Type == "TXT" {
			id, _ := outbound.STSID([]string{r.Value})
			return id
		}
	}
	return ""
}

// checkTLSRPT looks whether others are told where to send reports on TLS (RFC 8460 §3).
func checkTLSRPT(ctx context.Context, e *exam, domain string) (Finding, error) {
	name := "_smtp._tls." + domain
	answer, err := e.resolver.TXT(ctx, name)
	switch {
	case errors.Is(err, dns.ErrTemporary):
		return dnsSilent(name), nil
	case errors.Is(err, dns.ErrNotFound):
		return finding.Warned(finding.Say("doctor_tls_rpt_none", "domain", domain), showRecords(domain)), nil
	case len(outbound.ParseReportsTo(answer.Records)) == 0:
		return finding.Failed(finding.Say("doctor_tls_rpt_broken", "name", name), showRecords(domain)), nil
	}
	return finding.Passed(finding.Say("doctor_tls_rpt_good", "domain", domain)), nil
}
