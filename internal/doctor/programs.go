package doctor

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/zone"
)

// checkSRV looks whether mail programs that ask DNS find us (RFC 6186 §3, RFC 8314 §5.1).
func checkSRV(ctx context.Context, e *exam, domain string) (Finding, error) {
	host := e.host(domain)
	var missing, wrong []string
	for _, s := range zone.Services() {
		name := "_" + s.Name + "._tcp." + domain
		answer, err := e.resolver.SRV(ctx, name)
		switch {
		case errors.Is(err, dns.ErrNotFound):
			if s.Port != 0 { // that there is none needs no record
				missing = append(missing, name)
			}
		case err != nil:
			return dnsSilent(name), nil
		case s.Port == 0 && answer.Records[0].Host != "", s.Port != 0 && !leadsTo(answer.Records[0], host, s.Port):
			wrong = append(wrong, name)
		}
	}
	switch {
	case len(wrong) > 0:
		return finding.Failed(finding.Say("doctor_srv_wrong", "names", strings.Join(wrong, ", ")), showRecords(domain)), nil
	case len(missing) > 0:
		return finding.Warned(finding.Say("doctor_srv_missing", "names", strings.Join(missing, ", ")), showRecords(domain)), nil
	}
	return finding.Passed(finding.Say("doctor_srv_good", "domain", domain)), nil
}

func leadsTo(s dns.SRV, host string, port int) bool { return s.Host == host && int(s.Port) == port }

// checkAutoconfig looks whether Thunderbird and those that learned from it find the settings, and Outlook the name.
func checkAutoconfig(ctx context.Context, e *exam, domain string) (Finding, error) {
	name := "autoconfig." + ascii(domain)
	for _, n := range []string{name, "autodiscover." + ascii(domain)} {
		_, err := e.resolver.Addresses(ctx, n)
		switch {
		case errors.Is(err, dns.ErrNotFound):
			return finding.Warned(finding.Say("doctor_autoconfig_none", "name", n), showRecords(domain)), nil
		case err != nil:
			return dnsSilent(n), nil
		}
	}
	page, err := e.fetch(ctx, name, "/mail/config-v1.1.xml")
	switch {
	case errors.Is(err, errNotOurs):
		return finding.Failed(finding.Say("doctor_autoconfig_other", "name", name), showRecords(domain)), nil
	case err != nil:
		return finding.Warned(finding.Say("doctor_autoconfig_unfetched", "name", name, "err", err.Error()), finding.Say("doctor_cure_sts")), nil
	case !bytes.Contains(page, []byte("<hostname>"+e.host(domain)+"</hostname>")):
		return finding.Failed(finding.Say("doctor_autoconfig_other", "name", name), showRecords(domain)), nil
	}
	return finding.Passed(finding.Say("doctor_autoconfig_good", "domain", domain)), nil
}
