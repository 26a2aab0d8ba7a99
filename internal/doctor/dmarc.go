package doctor

import (
	"context"

	"buzon/internal/finding"
	"buzon/internal/verdict"
)

// checkDMARC looks what the domain asks others to do with mail that only claims to be its own.
func checkDMARC(ctx context.Context, e *exam, domain string) (Finding, error) {
	p, err := verdict.LookupDMARC(ctx, e.resolver, domain)
	switch {
	case err != nil:
		return dnsSilent("_dmarc." + domain), nil
	case p.Several: // RFC 7489 §6.6.3
		return finding.Failed(finding.Say("doctor_dmarc_several", "domain", domain), finding.Say("doctor_cure_one_record")), nil
	case p.Source == "":
		return finding.Failed(finding.Say("doctor_dmarc_none", "domain", domain), showRecords(domain)), nil
	case p.Record.Policy == verdict.None:
		return finding.Warned(finding.Say("doctor_dmarc_watching", "domain", domain), showRecords(domain)), nil
	case len(p.Record.Aggregate) == 0:
		return finding.Warned(finding.Say("doctor_dmarc_no_reports", "domain", domain), showRecords(domain)), nil
	}
	return finding.Passed(finding.Say("doctor_dmarc_good", "domain", domain, "policy", p.Record.Policy)), nil
}
