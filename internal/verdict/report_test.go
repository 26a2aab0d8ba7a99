package verdict

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// As a large provider sends it.
const dmarcReport = `<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <report_metadata>
    <org_name>big.example</org_name>
    <email>noreply@big.example</email>
    <extra_contact_info>https://big.example/</extra_contact_info>
    <report_id>1234567890</report_id>
    <date_range><begin>1795305600</begin><end>1795391999</end></date_range>
  </report_metadata>
  <policy_published><domain>home.example</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct></policy_published>
  <record>
    <row><source_ip>2001:db8::1</source_ip><count>3</count>
      <policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>
        <reason><type>forwarded</type><comment>by a list</comment></reason></policy_evaluated></row>
    <identifiers><header_from>home.example</header_from></identifiers>
    <auth_results><dkim><domain>home.example</domain><result>pass</result></dkim><spf><domain>a.example</domain><result>pass</result></spf></auth_results>
  </record>
  <unknown><deeper/></unknown>
</feedback>
`

// The example of RFC 8460 appendix B, shortened.
const tlsReport = `{"organization-name": "Company-X", "date-range": {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"},
 "contact-info": "sts-reporting@company-x.example", "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
 "policies": [{"policy": {"policy-type": "sts", "policy-string": ["version: STSv1","mode: testing"], "policy-domain": "company-y.example", "mx-host": ["*.mail.company-y.example"]},
  "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
  "failure-details": [{"result-type": "certificate-expired", "sending-mta-ip": "2001:db8:abcd:0012::1", "receiving-mx-hostname": "mx1.mail.company-y.example", "failed-session-count": 100},
   {"result-type": "validation-failure", "receiving-mx-hostname": "mx-backup.mail.company-y.example", "failed-session-count": 3, "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"}]}]}`

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s)) // into memory
	_ = w.Close()
	return b.String()
}

func zipped(s string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, _ := w.Create("report.xml") // into memory
	_, _ = f.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func TestReadReport(t *testing.T) {
	dmarc := Report{Kind: KindDMARC, Domain: "home.example", Reporter: "big.example", Contact: "noreply@big.example", Name: "1234567890",
		From: time.Unix(1795305600, 0).UTC(), Until: time.Unix(1795391999, 0).UTC(), Rows: []ReportRow{
			{Source: "2001:db8::1", Author: "home.example", Disposition: None, DKIM: Pass, SPF: Fail, Result: "forwarded", Detail: "by a list", Count: 3}}}
	tls := Report{Kind: KindTLS, Domain: "company-y.example", Reporter: "Company-X", Contact: "sts-reporting@company-x.example", Name: "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
		From: time.Date(2016, 4, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2016, 4, 1, 23, 59, 59, 0, time.UTC), Rows: []ReportRow{
			{Detail: "sts", Count: 5326},
			{Source: "2001:db8:abcd:0012::1", Host: "mx1.mail.company-y.example", Result: "certificate-expired", Detail: "sts", Count: 100},
			{Host: "mx-backup.mail.company-y.example", Result: "validation-failure", Detail: "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED", Count: 3}}}
	latin := strings.Replace(strings.Replace(dmarcReport, "UTF-8", "ISO-8859-1", 1), "by a list", "se\xf1or", 1)
	withLatin := dmarc
	withLatin.Rows = []ReportRow{dmarc.Rows[0]}
	withLatin.Rows[0].Detail = "señor"
	for name, c := range map[string]struct {
		text string
		want Report
	}{
		"plain": {dmarcReport, dmarc}, "gzip": {gzipped(dmarcReport), dmarc}, "zip": {zipped(dmarcReport), dmarc}, "a mark in front": {"\ufeff \r\n" + dmarcReport, dmarc},
		"a name space": {strings.Replace(dmarcReport, "<feedback>", `<feedback xmlns="http://dmarc.org/dmarc-xml/0.1">`, 1), dmarc},
		"latin":        {latin, withLatin},
		"tls":          {tlsReport, tls}, "tls gzip": {gzipped(tlsReport), tls},
	} {
		if got, err := ReadReport(t.Context(), strings.NewReader(c.text)); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\n%+v\n%+v", name, err, got, c.want)
		}
	}
}

func TestBadReports(t *testing.T) {
	head, tail, _ := strings.Cut(dmarcReport, "<record>")
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":         {"", ErrNoReport},
		"text":            {"hello", ErrNoReport},
		"other XML":       {"<html></html>", ErrNoReport},
		"other JSON":      {`{"a": 1}`, ErrNoReport},
		"half of it":      {dmarcReport[:600], ErrReportBad},
		"half gzip":       {gzipped(dmarcReport)[:200], ErrReportBad},
		"half zip":        {zipped(dmarcReport)[:200], ErrReportBad},
		"broken JSON":     {tlsReport[:300], ErrReportBad},
		"a character set": {strings.Replace(dmarcReport, "UTF-8", "EBCDIC", 1), ErrReportBad},
		"an entity":       {strings.Replace(dmarcReport, "by a list", "&boom;", 1), ErrReportBad},
		// Bombs.
		"packed":       {strings.Repeat("x", maxPacked+1), ErrReportBig},
		"gzip bomb":    {gzipped(head + strings.Repeat(" ", 17<<20)), nil},
		"zip bomb":     {zipped(head + strings.Repeat("<a/>", 1<<20)), ErrReportBad},
		"a long text":  {gzipped(head + "<record><row><source_ip>" + strings.Repeat("1", 1<<20)), ErrReportBad},
		"a long list":  {gzipped(head + "<record>" + strings.Repeat("<reason/>", 1<<17)), ErrReportBad},
		"many pieces":  {gzipped(head + "<record><row><source_ip>" + strings.Repeat("1<!---->", 1<<17)), ErrReportBad},
		"deep":         {gzipped(head + strings.Repeat("<a>", 1000)), ErrReportBad},
		"a long JSON":  {gzipped(`{"policies":[` + strings.Repeat("{},", 1<<20)), ErrReportBig},
		"deep JSON":    {gzipped(strings.Repeat(`{"a":`, 20000)), ErrReportBad},
		"after it all": {head + "<record>" + tail[:100], ErrReportBad},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := ReadReport(t.Context(), strings.NewReader(c.text))
		runtime.ReadMemStats(&after)
		if c.want != nil && !errors.Is(err, c.want) || err == nil {
			t.Errorf("%s: %+v, %v", name, got.Rows, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 300<<20 { // in sum, much of it freed on the way
			t.Errorf("%s: %d MB", name, grown>>20)
		}
	}
}

func TestManyRows(t *testing.T) {
	head, rest, _ := strings.Cut(dmarcReport, "<record>")
	one, _, _ := strings.Cut(rest, "</record>")
	r, err := ReadReport(t.Context(), strings.NewReader(gzipped(head+strings.Repeat("<record>"+one+"</record>", 2*maxRows)+"</feedback>")))
	if err != nil || len(r.Rows) != maxRows || !r.Cut {
		t.Errorf("%d, %v, %v", len(r.Rows), r.Cut, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrTooSlow)
	if _, err := ReadReport(ctx, strings.NewReader(dmarcReport)); !errors.Is(err, ErrTooSlow) {
		t.Error(err)
	}
}

func TestFindReports(t *testing.T) {
	part := func(kind, name, content string) string {
		return "--b\r\nContent-Type: " + kind + "; name=\"" + name + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(content)) + "\r\n"
	}
	head := "From: a@big.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n"
	for name, c := range map[string]struct {
		mail string
		want int
	}{
		"zip":     {head + part("application/zip", "r.zip", zipped(dmarcReport)) + "--b--\r\n", 1},
		"by name": {head + part("application/octet-stream", "r.XML.GZ", gzipped(dmarcReport)) + "--b--\r\n", 1},
		"both":    {head + part("text/xml", "a", dmarcReport) + part("application/tlsrpt+gzip", "b", gzipped(tlsReport)) + "--b--\r\n", 2},
		"alone":   {"Content-Type: application/tlsrpt+json\r\n\r\n" + tlsReport, 1},
		"many":    {head + strings.Repeat(part("text/xml", "a", dmarcReport), 9) + "--b--\r\n", maxReports},
	} {
		if got := findIn(t, c.mail); len(got) != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add(dmarcReport)
	f.Add(gzipped(dmarcReport))
	f.Add(zipped(dmarcReport))
	f.Add(tlsReport)
	f.Add(gzipped(tlsReport))
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ReadReport(t.Context(), strings.NewReader(text))
		if err == nil && (r.Domain == "" || r.Kind == "") || len(r.Rows) > maxRows {
			t.Errorf("%+v", r)
		}
		for _, row := range r.Rows {
			if len(row.Source) > maxText || row.Count < 0 || strings.ContainsAny(row.Detail, "\r\n") {
				t.Errorf("%+v", row)
			}
		}
	})
}
