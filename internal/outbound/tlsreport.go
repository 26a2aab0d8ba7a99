package outbound

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// TLSReport is a day's report to one domain in the form of RFC 8460 §4.4.
type TLSReport struct {
	Organization string `json:"organization-name"`
	DateRange    struct {
		Start string `json:"start-datetime"`
		End   string `json:"end-datetime"`
	} `json:"date-range"`
	Contact  string         `json:"contact-info"`
	ID       string         `json:"report-id"`
	Policies []policyReport `json:"policies"`

	domain string
	day    time.Time
}

type policyReport struct {
	Policy struct {
		Type    string   `json:"policy-type"`
		Strings []string `json:"policy-string,omitempty"`
		Domain  string   `json:"policy-domain"`
		MXHosts []string `json:"mx-host,omitempty"` // RFC 8460 erratum 5889: a list
	} `json:"policy"`
	Summary struct {
		Good int64 `json:"total-successful-session-count"`
		Bad  int64 `json:"total-failure-session-count"`
	} `json:"summary"`
	Failures []failureReport `json:"failure-details,omitempty"`
}

type failureReport struct {
	Result   string `json:"result-type"`
	SourceIP string `json:"sending-mta-ip,omitempty"`
	MXHost   string `json:"receiving-mx-hostname,omitempty"`
	PeerIP   string `json:"receiving-ip,omitempty"`
	Sessions int64  `json:"failed-session-count"`
	Detail   string `json:"failure-reason-code,omitempty"`
}

// maxFailures of one policy are told one by one; the summary counts the rest.
const maxFailures = 500

var errNoResults = errors.New("TLS report: no results of the domain")

// NewTLSReport gathers a day's results of one domain; others are left out. submitter is our domain, contact a mail address
// in it. The report's id is the same for the same day and domain, so that a report made twice is known as one.
func NewTLSReport(submitter, contact, domain, day string, results []TLSResult) (*TLSReport, error) {
	start, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, fmt.Errorf("TLS report: %w", err)
	}
	r := &TLSReport{Organization: submitter, Contact: contact, domain: domain, day: start}
	r.ID = fmt.Sprintf("%s.%s@%s", start.Format("20060102"), domain, submitter)
	r.DateRange.Start = start.Format(time.RFC3339)
	r.DateRange.End = r.end().Format(time.RFC3339)
	for _, result := range results {
		if result.Domain == domain && result.Day == day {
			r.add(result)
		}
	}
	if len(r.Policies) == 0 {
		return nil, errNoResults
	}
	return r, nil
}

// end is the last second of the day (RFC 8460 §4.1: whole days of UTC).
func (r *TLSReport) end() time.Time { return r.day.AddDate(0, 0, 1).Add(-time.Second) }

func (r *TLSReport) add(result TLSResult) {
	p := r.policy(result)
	if result.Result == "" {
		p.Summary.Good += result.Sessions
		return
	}
	p.Summary.Bad += result.Sessions
	if len(p.Failures) < maxFailures {
		p.Failures = append(p.Failures, failureReport{Result: result.Result, SourceIP: result.SourceIP, MXHost: result.MXHost,
			PeerIP: result.PeerIP, Sessions: result.Sessions, Detail: result.Detail})
	}
}

// policy is the part of the report about the policy that governed the result.
func (r *TLSReport) policy(result TLSResult) *policyReport {
	for i := range r.Policies {
		p := &r.Policies[i]
		if p.Policy.Type == result.PolicyType && slices.Equal(p.Policy.Strings, result.PolicyStrings) {
			return p
		}
	}
	var p policyReport
	p.Policy.Type, p.Policy.Domain = result.PolicyType, result.Domain
	p.Policy.Strings, p.Policy.MXHosts = result.PolicyStrings, result.MXHosts
	r.Policies = append(r.Policies, p)
	return &r.Policies[len(r.Policies)-1]
}

// Gzip is the report's JSON, packed (RFC 8460 §4.4, §5.2).
func (r *TLSReport) Gzip() ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(w).Encode(r), w.Close()); err != nil {
		return nil, fmt.Errorf("TLS report: %w", err)
	}
	return b.Bytes(), nil
}

// Filename has the form of RFC 8460 §5.1.
func (r *TLSReport) Filename() string {
	return fmt.Sprintf("%s!%s!%d!%d.json.gz", r.Organization, r.domain, r.day.Unix(), r.end().Unix())
}

// Subject has the form of RFC 8460 §5.3.
func (r *TLSReport) Subject() string {
	return fmt.Sprintf("Report Domain: %s Submitter: %s Report-ID: <%s>", r.domain, r.Organization, r.ID)
}

// Domains are the different domains of results, in order.
func Domains(results []TLSResult) []string {
	var domains []string
	for _, r := range results {
		domains = append(domains, strings.ToLower(r.Domain))
	}
	slices.Sort(domains)
	return slices.Compact(domains)
}
