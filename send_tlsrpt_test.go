package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/store"
)

// A day later the domain is told what became of TLS (RFC 8460), signed, in a packed file.
func TestSendTLSReport(t *testing.T) {
	t.Parallel()
	trusted := newAuthority(t)
	good, wrong := startSink(t, trusted.names(t, "mx.good.test")), startSink(t, trusted.names(t, "mx.other.test"))
	reports := startSink(t, nil)
	w := world{Roots: trusted.pem()}.withMX("good.test", "mx.good.test", 10, good.addr).
		withMX("wrong.test", "mx.wrong.test", 10, wrong.addr).with("reports.test", reports.addr).
		withPolicy("wrong.test", "testing", "mx.wrong.test")
	w.Zone += `
		_smtp._tls.wrong.test TXT "v=TLSRPTv1; rua=mailto:tls@reports.test"`
	data := filepath.Join(t.TempDir(), "home.db")
	var c clock
	c.ahead.Store(int64(untilNoon())) // so that all is on one day
	day := c.now().UTC().Format(time.DateOnly)
	t.Run("today", func(t *testing.T) {
		a := startWithAna(t, inWorld(w), c.rules, func(o *options) { o.data = data })
		client := sender(t, a)
		for i, to := range []string{"luis@good.test", "luis@wrong.test", "eva@wrong.test"} {
			if err := submitMail(client, nil, plainly(to), letter(to, fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			emptied(t, a) // so that each has a connection of its own
		}
		good.await(t, 1)
		wrong.await(t, 2)
	})
	c.ahead.Add(int64(24 * time.Hour))
	a := startTest(t, inWorld(w), c.rules, func(o *options) { o.data = data })
	got := reports.await(t, 1)[0]
	if got.from != "" || strings.Join(got.to, " ") != "tls@reports.test" {
		t.Errorf("from %q to %q", got.from, got.to)
	}
	checkSignatures(t, a, got.data)
	for _, want := range []string{"TLS-Report-Domain: wrong.test\r\n", "TLS-Report-Submitter: example.test\r\n", "Subject: Report Domain: wrong.test\r\n"} {
		if !strings.Contains(got.data, want) {
			t.Errorf("no %q in\n%s", want, got.data)
		}
	}
	checkTLSReport(t, unpackTLSReport(t, got.data), day)
	emptied(t, a)
	until(t, "the day is forgotten", func() bool {
		return len(must[[]store.TLSResult](t)(a.store.TLSResults(t.Context(), day))) == 0
	})
}

// untilNoon is how long it is to the next noon of UTC.
func untilNoon() time.Duration {
	now := time.Now().UTC()
	noon := now.Truncate(24 * time.Hour).Add(12 * time.Hour)
	if noon.Before(now) {
		noon = noon.Add(24 * time.Hour)
	}
	return noon.Sub(now)
}

// tlsReport is what a receiver reads (RFC 8460 §4.4).
type tlsReport struct {
	Organization string            `json:"organization-name"`
	Range        map[string]string `json:"date-range"`
	Contact      string            `json:"contact-info"`
	ID           string            `json:"report-id"`
	Policies     []struct {
		Policy struct {
			Type    string   `json:"policy-type"`
			Strings []string `json:"policy-string"`
			Domain  string   `json:"policy-domain"`
			MX      []string `json:"mx-host"`
		} `json:"policy"`
		Summary  map[string]int64 `json:"summary"`
		Failures []map[string]any `json:"failure-details"`
	} `json:"policies"`
}

func unpackTLSReport(t *testing.T, text string) (r tlsReport) {
	t.Helper()
	m := must[*mail.Message](t)(mail.ReadMessage(strings.NewReader(text)))
	kind, words, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || words["report-type"] != "tlsrpt" {
		t.Fatalf("%s %v: %v", kind, words, err)
	}
	parts := multipart.NewReader(m.Body, words["boundary"])
	must[*multipart.Part](t)(parts.NextPart()) // for people
	part := must[*multipart.Part](t)(parts.NextPart())
	if kind := part.Header.Get("Content-Type"); kind != "application/tlsrpt+gzip" {
		t.Errorf("the second part is %s", kind)
	}
	packed := must[[]byte](t)(io.ReadAll(base64.NewDecoder(base64.StdEncoding, part)))
	if err := json.NewDecoder(must[*gzip.Reader](t)(gzip.NewReader(bytes.NewReader(packed)))).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

func checkTLSReport(t *testing.T, r tlsReport, day string) {
	t.Helper()
	if r.Organization != "example.test" || r.Range["start-datetime"] != day+"T00:00:00Z" || r.Range["end-datetime"] != day+"T23:59:59Z" ||
		!strings.Contains(r.Contact, "@example.test") || r.ID == "" {
		t.Errorf("%+v", r)
	}
	if len(r.Policies) != 1 {
		t.Fatalf("%d policies", len(r.Policies))
	}
	p := r.Policies[0]
	if p.Policy.Type != "sts" || p.Policy.Domain != "wrong.test" || strings.Join(p.Policy.MX, " ") != "mx.wrong.test" ||
		!strings.Contains(strings.Join(p.Policy.Strings, "\n"), "mode: testing") {
		t.Errorf("%+v", p.Policy)
	}
	if p.Summary["total-successful-session-count"] != 0 || p.Summary["total-failure-session-count"] != 2 || len(p.Failures) != 1 {
		t.Fatalf("%+v, %d kinds of failures", p.Summary, len(p.Failures))
	}
	f := p.Failures[0]
	if f["result-type"] != "certificate-host-mismatch" || f["receiving-mx-hostname"] != "mx.wrong.test" || f["failed-session-count"] != 2.0 {
		t.Errorf("%+v", f)
	}
}
