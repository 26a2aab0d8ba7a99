package doctor

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"buzon/internal/finding"
	"buzon/internal/store"
)

const (
	reportAge  = 14 * 24 * time.Hour // of the reports that are looked at: what was mended before is over
	maxReports = 60                  // of a domain; a home gets two or three a day
)

// reports are those of a kind that came lately.
func (e *exam) reports(ctx context.Context, kind, domain string) ([]store.Report, error) {
	all, err := e.Store.Reports(ctx, store.ReportQuery{Kind: kind, Domain: domain, Max: maxReports})
	if err != nil {
		return nil, err
	}
	old := func(r store.Report) bool { return e.Now().Sub(r.At) > reportAge }
	return slices.DeleteFunc(all, old), nil
}

// checkDMARCReports looks what others say of mail with our name. Mail of strangers that failed is what DMARC is for; our own
// that failed is lost.
func checkDMARCReports(ctx context.Context, e *exam, domain string) (Finding, error) {
	list, err := e.reports(ctx, store.ReportDMARC, domain)
	switch {
	case err != nil:
		return Finding{}, err
	case len(list) == 0:
		return finding.NotKnown(finding.Say("doctor_reports_none", "domain", domain), finding.Say("doctor_cure_reports_wait")), nil
	}
	var good, ours, strangers int64
	for _, r := range list {
		good += r.Good
		if r.Bad == 0 {
			continue
		}
		own, err := e.ownFailures(ctx, r.ID)
		if err != nil {
			return Finding{}, err
		}
		ours += own
		strangers += r.Bad - own
	}
	pairs := []string{"domain", domain, "good", count(good), "strangers", count(strangers), "ours", count(ours)}
	switch {
	case ours > 0:
		return finding.Failed(finding.Say("doctor_dmarc_reports_ours", pairs...), finding.Say("doctor_cure_reports_ours")), nil
	case strangers > good:
		return finding.Warned(finding.Say("doctor_dmarc_reports_strangers", pairs...), finding.Say("doctor_cure_reports_strangers")), nil
	}
	return finding.Passed(finding.Say("doctor_dmarc_reports_good", pairs...)), nil
}

// ownFailures counts mails of a report that came from our own addresses and passed nothing.
func (e *exam) ownFailures(ctx context.Context, id store.ReportID) (n int64, err error) {
	rows, err := e.Store.ReportRows(ctx, id)
	if err != nil {
		return 0, err
	}
	ours := e.leaving()
	for _, row := range rows {
		a, err := netip.ParseAddr(row.Source)
		if err == nil && slices.Contains(ours, a.Unmap()) && row.DKIM != "pass" && row.SPF != "pass" {
			n += row.Count
		}
	}
	return n, nil
}

// checkTLSReports looks whether others had trouble to reach us over TLS (RFC 8460).
func checkTLSReports(ctx context.Context, e *exam, domain string) (Finding, error) {
	list, err := e.reports(ctx, store.ReportTLS, domain)
	switch {
	case err != nil:
		return Finding{}, err
	case len(list) == 0:
		return finding.NotKnown(finding.Say("doctor_reports_none", "domain", domain), finding.Say("doctor_cure_reports_wait")), nil
	}
	var good, bad int64
	var worst store.Report
	for _, r := range list {
		good, bad = good+r.Good, bad+r.Bad
		if r.Bad > worst.Bad {
			worst = r
		}
	}
	if bad == 0 {
		return finding.Passed(finding.Say("doctor_tls_reports_good", "domain", domain, "good", count(good))), nil
	}
	why, err := e.tlsTrouble(ctx, worst.ID)
	if err != nil {
		return Finding{}, err
	}
	pairs := []string{"domain", domain, "good", count(good), "bad", count(bad), "reporter", worst.Reporter, "why", why}
	if bad > good {
		return finding.Failed(finding.Say("doctor_tls_reports_bad", pairs...), finding.Say("doctor_cure_tls_reports")), nil
	}
	return finding.Warned(finding.Say("doctor_tls_reports_bad", pairs...), finding.Say("doctor_cure_tls_reports")), nil
}

// tlsTrouble is what went wrong most often in a report, as RFC 8460 §4.3 names it.
func (e *exam) tlsTrouble(ctx context.Context, id store.ReportID) (string, error) {
	rows, err := e.Store.ReportRows(ctx, id)
	if err != nil {
		return "", err
	}
	var most store.ReportRow
	for _, row := range rows {
		if row.Result != "" && row.Count > most.Count {
			most = row
		}
	}
	return most.Result, nil
}

func count(n int64) string { return strconv.FormatInt(n, 10) }
