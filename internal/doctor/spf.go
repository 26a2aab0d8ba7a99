package doctor

import (
	"context"
	"slices"
	"strings"

	"buzon/internal/finding"
	"buzon/internal/message"
	"buzon/internal/verdict"
	"buzon/internal/zone"
)

// checkSPF looks whether the domain has one record of SPF, that receivers can work out, and that covers the way out.
func checkSPF(ctx context.Context, e *exam, domain string) (Finding, error) {
	record, err := verdict.LookupSPF(ctx, e.resolver, domain)
	switch {
	case err != nil:
		return dnsSilent(domain), nil
	case record.Records == 0:
		return finding.Failed(finding.Say("doctor_spf_none", "domain", domain), showRecords(domain)), nil
	case record.Records > 1: // RFC 7208 §4.5
		return finding.Failed(finding.Say("doctor_spf_several", "domain", domain), finding.Say("doctor_cure_one_record")), nil
	case record.Fault != nil:
		return finding.Failed(finding.Say("doctor_spf_broken", "domain", domain, "err", record.Fault.Error()), showRecords(domain)), nil
	case record.Lookups > verdict.MaxSPFLookups: // RFC 7208 §4.6.4
		return finding.Failed(finding.Say("doctor_spf_lookups", "domain", domain), finding.Say("doctor_cure_spf_lookups")), nil
	}
	facts, err := e.facts[domain]()
	if err != nil {
		return Finding{}, err
	}
	direct, err := e.direct(ctx)
	switch {
	case err != nil:
		return Finding{}, err
	case !direct:
		return coversRelay(record, facts), nil
	}
	return e.coversUs(ctx, domain, facts), nil
}

// coversRelay: where a relay sends from is known only by the name that it gives for this.
func coversRelay(record verdict.SPFRecord, facts zone.Facts) Finding {
	domain := facts.Domain
	var missing []string
	for _, name := range facts.Out.Includes {
		if !slices.Contains(record.Includes, name) {
			missing = append(missing, "include:"+name)
		}
	}
	switch {
	case len(missing) > 0:
		return finding.Failed(finding.Say("doctor_spf_relay", "domain", domain, "missing", strings.Join(missing, " ")), showRecords(domain))
	case facts.Out.Unknown && strings.HasSuffix(strings.TrimSpace(strings.ToLower(record.Text)), "-all"):
		return finding.Warned(finding.Say("doctor_spf_relay_strict", "domain", domain), finding.Say("doctor_cure_spf_relay"))
	case facts.Out.Unknown:
		return finding.NotKnown(finding.Say("doctor_spf_relay_unknown", "domain", domain), finding.Say("doctor_cure_spf_relay"))
	}
	return finding.Passed(finding.Say("doctor_spf_good", "domain", domain))
}

// coversUs judges a mail from each of our addresses, as a receiver would.
func (e *exam) coversUs(ctx context.Context, domain string, facts zone.Facts) Finding {
	addrs := e.leaving()
	if len(addrs) == 0 {
		return finding.NotKnown(finding.Say("doctor_no_address"), finding.Say("doctor_cure_eye"))
	}
	hello := e.Sending.Sender.Hello(ctx)
	worst := finding.Passed(finding.Say("doctor_spf_good", "domain", domain))
	for _, a := range addrs {
		s := verdict.CheckSPF(ctx, e.resolver, a, hello, message.Address{Local: "postmaster", Domain: facts.Domain})
		var f Finding
		switch s.Result {
		case verdict.Pass:
			continue
		case verdict.TempError:
			f = dnsSilent(domain)
		case verdict.PermError:
			f = finding.Failed(finding.Say("doctor_spf_broken", "domain", domain, "err", s.Reason), showRecords(domain))
		case verdict.Neutral:
			f = finding.Warned(finding.Say("doctor_spf_neutral", "domain", domain, "address", a.String()), showRecords(domain))
		default:
			f = finding.Failed(finding.Say("doctor_spf_fails", "domain", domain, "address", a.String(), "result", s.Result), showRecords(domain))
		}
		if worse(f, worst) {
			worst = f
		}
	}
	return worst
}
