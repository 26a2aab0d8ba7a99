package verdict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// tlsFeedback is a report of RFC 8460 §4.4, as much of it as is kept. Counts
// that some send as text or fractions do not spoil the rest.
type tlsFeedback struct {
	Organization string `json:"organization-name"`
	DateRange    struct {
		Start time.Time `json:"start-datetime"`
		End   time.Time `json:"end-datetime"`
	} `json:"date-range"`
	Contact  string            `json:"contact-info"`
	ID       string            `json:"report-id"`
	Policies capped[tlsPolicy] `json:"policies"`
}

type tlsPolicy struct {
	Policy struct {
		Type   string `json:"policy-type"`
		Domain string `json:"policy-domain"`
	} `json:"policy"`
	Summary struct {
		Good int64 `json:"total-successful-session-count"`
	} `json:"summary"`
	Failures capped[tlsFailure] `json:"failure-details"`
}

type tlsFailure struct {
	Result   string `json:"result-type"`
	SourceIP string `json:"sending-mta-ip"`
	MXHost   string `json:"receiving-mx-hostname"`
	Sessions int64  `json:"failed-session-count"`
	Detail   string `json:"failure-reason-code"`
}

// capped is a list of which no more is kept than rows of a report.
type capped[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (c *capped[T]) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return err // what is no list is an empty one
	}
	for len(*c) < maxRows && d.More() {
		var one T
		if err := d.Decode(&one); err != nil && !isKindError(err) {
			return err
		}
		*c = append(*c, one)
	}
	return nil
}

// isKindError tells that a field has another type: it is left out, and the rest is there.
func isKindError(err error) bool {
	var kind *json.UnmarshalTypeError
	return errors.As(err, &kind)
}

// maxJSON is how much of a report of TLS is unpacked: it is held as a whole.
const maxJSON = 2 << 20 // octets

// readTLS reads a report of TLS.
func readTLS(r io.Reader) (Report, error) {
	limited := &io.LimitedReader{R: r, N: maxJSON}
	var f tlsFeedback
	if err := json.NewDecoder(limited).Decode(&f); err != nil {
		if limited.N <= 0 {
			return Report{}, ErrReportBig
		}
		if !isKindError(err) {
			return Report{}, fmt.Errorf("%w: %w", ErrReportBad, err)
		}
	}
	report := Report{Kind: KindTLS, Reporter: kept(f.Organization), Contact: kept(f.Contact), Name: kept(f.ID),
		From: f.DateRange.Start.UTC(), Until: f.DateRange.End.UTC()}
	for _, p := range f.Policies {
		report.addPolicy(p)
	}
	if report.Domain == "" {
		return Report{}, ErrNoReport
	}
	return report, nil
}

// addPolicy takes what was found under one policy. A report is about one domain
// (RFC 8460 §4.1); rows about others are left out.
func (report *Report) addPolicy(p tlsPolicy) {
	domain := asciiDomain(kept(p.Policy.Domain))
	if report.Domain == "" {
		report.Domain = domain
	}
	if domain != report.Domain {
		return
	}
	kind := kept(p.Policy.Type)
	if p.Summary.Good > 0 {
		report.add(ReportRow{Detail: kind, Count: p.Summary.Good})
	}
	for _, f := range p.Failures {
		report.add(ReportRow{Source: kept(f.SourceIP), Host: asciiDomain(kept(f.MXHost)), Result: firstOf(kept(f.Result), "unknown"),
			Detail: kept(firstOf(f.Detail, kind)), Count: max(f.Sessions, 0)})
	}
}
