package outbound

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"buzon/internal/message"
)

func dayResults() []TLSResult {
	sts := TLSResult{Day: "2026-11-21", Domain: "far.example", PolicyType: reportSTS, MXHosts: []string{"*.mx.example"},
		PolicyStrings: []string{"version: STSv1", "mode: testing", "mx: *.mx.example", "max_age: 100"}, Sessions: 5}
	failed := sts
	failed.Result, failed.MXHost, failed.PeerIP, failed.Detail, failed.Sessions = resultExpired, "a.mx.example", "192.0.2.1", "old", 2
	none := TLSResult{Day: "2026-11-21", Domain: "far.example", PolicyType: reportNone, Sessions: 1}
	other := none
	other.Domain = "other.example"
	before := none
	before.Day = "2026-11-20"
	return []TLSResult{sts, failed, none, other, before}
}

func TestTLSReport(t *testing.T) {
	r, err := NewTLSReport("home.example", "postmaster@home.example", "far.example", "2026-11-21", dayResults())
	if err != nil {
		t.Fatal(err)
	}
	packed, err := r.Gzip()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"organization-name":"home.example",` +
		`"date-range":{"start-datetime":"2026-11-21T00:00:00Z","end-datetime":"2026-11-21T23:59:59Z"},` +
		`"contact-info":"postmaster@home.example","report-id":"20261121.far.example@home.example","policies":[` +
		`{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: testing","mx: *.mx.example","max_age: 100"],` +
		`"policy-domain":"far.example","mx-host":["*.mx.example"]},` +
		`"summary":{"total-successful-session-count":5,"total-failure-session-count":2},` +
		`"failure-details":[{"result-type":"certificate-expired","receiving-mx-hostname":"a.mx.example","receiving-ip":"192.0.2.1",` +
		`"failed-session-count":2,"failure-reason-code":"old"}]},` +
		`{"policy":{"policy-type":"no-policy-found","policy-domain":"far.example"},` +
		`"summary":{"total-successful-session-count":1,"total-failure-session-count":0}}]}` + "\n"
	if got := unpack(t, packed); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got, want := r.Filename(), "home.example!far.example!1795219200!1795305599.json.gz"; got != want {
		t.Errorf("file name %s, want %s", got, want)
	}
	if got, want := Domains(dayResults()), []string{"far.example", "other.example"}; !slices.Equal(got, want) {
		t.Errorf("domains %v", got)
	}
	if _, err := NewTLSReport("a", "b", "nobody.example", "2026-11-21", dayResults()); err == nil {
		t.Error("a report of nothing")
	}
	if _, err := NewTLSReport("a", "b", "far.example", "yesterday", dayResults()); err == nil {
		t.Error("a report of no day")
	}
}

func unpack(t *testing.T, packed []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil || !json.Valid(text) {
		t.Fatalf("%v: %s", err, text)
	}
	return string(text)
}

// TestTLSReportMail reads the mail as a stranger would.
func TestTLSReportMail(t *testing.T) {
	r, err := NewTLSReport("home.example", "postmaster@home.example", "far.example", "2026-11-21", dayResults())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.Mail("postmaster@home.example", "tls@far.example", epoch)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if !strings.HasSuffix(line, "\r\n") || len(line) > 80 {
			t.Errorf("line %q", line)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Subject":              "Report Domain: far.example Submitter: home.example Report-ID: <20261121.far.example@home.example>",
		"TLS-Report-Domain":    "far.example",
		"TLS-Report-Submitter": "home.example",
		"To":                   "<tls@far.example>",
		"Date":                 "Sun, 22 Nov 2026 12:00:00 +0000",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["report-type"] != "tlsrpt" {
		t.Fatalf("%s %v %v", kind, params, err)
	}
	checkReportParts(t, multipart.NewReader(m.Body, params["boundary"]), r)
}

func checkReportParts(t *testing.T, parts *multipart.Reader, r *TLSReport) {
	t.Helper()
	text, err := parts.NextPart()
	if err != nil || text.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Fatalf("first part: %v", err)
	}
	file, err := parts.NextPart()
	if err != nil || file.Header.Get("Content-Type") != "application/tlsrpt+gzip" || file.FileName() != r.Filename() {
		t.Fatalf("second part: %v %v", file, err)
	}
	packed, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, file))
	if err != nil || !strings.Contains(unpack(t, packed), `"report-id":"20261121.far.example@home.example"`) {
		t.Errorf("attachment: %v", err)
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("third part: %v", err)
	}
}

func TestReportsTo(t *testing.T) {
	a := ReportTo{Mail: message.Address{Local: "tls", Domain: "far.example"}}
	web := ReportTo{HTTPS: "https://far.example/v1/tlsrpt"}
	for text, want := range map[string][]ReportTo{
		`"v=TLSRPTv1;rua=mailto:tls@far.example"`:                                        {a},
		`"v=TLSRPTv1; rua=mailto:tls@far.example , https://far.example/v1/tlsrpt;"`:      {a, web},
		`"v=TLSRPTv1; x=y; rua=MAILTO:tls%40far.example"`:                                {a},
		`"v=TLSRPTv1; rua=http://far.example/, ftp://x, mailto:nobody, https:///x, tls"`: nil,
		`"v=TLSRPTv2; rua=mailto:tls@far.example"`:                                       nil,
		`"v=TLSRPTv1"`: nil,
		"\"v=TLSRPTv1; rua=mailto:tls@far.example\"\n_smtp._tls.far.example TXT \"v=TLSRPTv1; rua=mailto:x@far.example\"": nil,
	} {
		w := newWorld(t, "_smtp._tls.far.example TXT "+text)
		if got, err := w.s.ReportsTo(t.Context(), "far.example"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	w := newWorld(t, "")
	if got, err := w.s.ReportsTo(t.Context(), "far.example"); err != nil || got != nil {
		t.Errorf("no record: %v, %v", got, err)
	}
}

func TestPostReport(t *testing.T) {
	r, err := NewTLSReport("home.example", "postmaster@home.example", "far.example", "2026-11-21", dayResults())
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusCreated, http.StatusFound, http.StatusForbidden} {
		w := newWorld(t, "web.far.example A 192.0.2.80")
		w.serveHTTPS(w.ca.good("web.far.example"), func(rw http.ResponseWriter, q *http.Request) {
			packed, err := io.ReadAll(q.Body)
			if err != nil || q.Header.Get("Content-Type") != "application/tlsrpt+gzip" || !strings.Contains(unpack(t, packed), "far.example") {
				t.Errorf("posted %v, %v", q.Header, err)
			}
			rw.WriteHeader(status)
		})
		if err := w.s.PostReport(t.Context(), "https://web.far.example/x", r); (err == nil) != (status/100 == 2) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestDetailIsClipped(t *testing.T) {
	if got := clip(strings.Repeat("é", 150) + "\xff"); len(got) > maxDetail || !strings.HasPrefix(got, "éé") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("%d octets: %q", len(got), got)
	}
}
