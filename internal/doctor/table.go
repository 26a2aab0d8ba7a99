package doctor

import (
	"context"

	"buzon/internal/finding"
)

// check is one row of the table.
type check struct {
	name    string
	title   string // key of a text
	domains bool   // made for each domain, else once for the box
	run     func(ctx context.Context, e *exam, domain string) (Finding, error)
}

// checks is the table of all.
func checks() []check { return append(append(lineChecks(), boxChecks()...), domainChecks()...) }

// lineChecks are of the line and the machine.
func lineChecks() []check {
	return []check{
		{"outbound25", "doctor_title_outbound", false, lineCheck(outbound25)},
		{"relay", "doctor_title_relay", false, lineCheck(relay)},
		{"inbound", "doctor_title_inbound", false, lineCheck(inbound)},
		{"cgnat", "doctor_title_cgnat", false, lineCheck(cgnat)},
		{"hairpin", "doctor_title_hairpin", false, lineCheck(hairpin)},
		{"ipv6", "doctor_title_ipv_six", false, lineCheck(ipv6)},
		{"clock", "doctor_title_clock", false, lineCheck(clockRight)},
		{"disk", "doctor_title_disk", false, lineCheck(disk)},
	}
}

// boxChecks are of the server itself.
func boxChecks() []check {
	return []check{
		{"ports", "doctor_title_ports", false, checkPorts},
		{"cert", "doctor_title_cert", false, checkCert},
		{"open-relay", "doctor_title_open_relay", false, checkOpenRelay},
		{"ptr", "doctor_title_ptr", false, checkPTR},
		{"block-list", "doctor_title_block_list", false, checkBlockLists},
		{"queue", "doctor_title_queue", false, checkQueue},
		{"backup", "doctor_title_backup", false, checkBackup},
	}
}

// domainChecks are of a domain's records and of what others say of it.
func domainChecks() []check {
	return []check{
		{"mx", "doctor_title_mx", true, checkMX},
		{"address", "doctor_title_address", true, checkAddress},
		{"spf", "doctor_title_spf", true, checkSPF},
		{"dkim", "doctor_title_dkim", true, checkDKIM},
		{"dmarc", "doctor_title_dmarc", true, checkDMARC},
		{"mta-sts", "doctor_title_mta_sts", true, checkSTS},
		{"tls-rpt", "doctor_title_tls_rpt", true, checkTLSRPT},
		{"srv", "doctor_title_srv", true, checkSRV},
		{"autoconfig", "doctor_title_autoconfig", true, checkAutoconfig},
		{"dmarc-reports", "doctor_title_dmarc_reports", true, checkDMARCReports},
		{"tls-reports", "doctor_title_tls_reports", true, checkTLSReports},
	}
}

// Title is what people call a check.
func Title(name string) Phrase {
	for _, c := range checks() {
		if c.name == name {
			return finding.Say(c.title)
		}
	}
	return finding.Say(name)
}
