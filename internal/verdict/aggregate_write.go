package verdict

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Aggregate is a day's report to one domain (RFC 7489 §7.2).
type Aggregate struct {
	Record Record // of the domain, as it stood when the last mail was judged

	submitter, contact, domain, id string
	day                            time.Time
	rows                           []Row
}

var errNoRows = errors.New("DMARC report: nothing was judged by the domain's record")

// NewAggregate gathers a day's rows of one domain; others are left out. submitter
// is our domain, contact a mail address in it. The report's id is the same for
// the same day and domain, so that a report made twice is known as one.
func NewAggregate(submitter, contact, domain, day string, rows []Row) (*Aggregate, error) {
	start, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, fmt.Errorf("DMARC report: %w", err)
	}
	a := &Aggregate{submitter: submitter, contact: contact, domain: domain, day: start}
	a.id = fmt.Sprintf("%s.%s@%s", start.Format("20060102"), domain, submitter)
	for _, r := range rows {
		if r.Domain != domain || r.Day != day {
			continue
		}
		if record, ok := parseRecord(r.Record); ok {
			a.Record = record
			a.rows = append(a.rows, r)
		}
	}
	if len(a.rows) == 0 {
		return nil, errNoRows
	}
	return a, nil
}

// AggregateDomains are the different domains of rows, in order.
func AggregateDomains(rows []Row) []string {
	var domains []string
	for _, r := range rows {
		domains = append(domains, r.Domain)
	}
	slices.Sort(domains)
	return slices.Compact(domains)
}

// end is the last second of the day.
func (a *Aggregate) end() time.Time { return a.day.AddDate(0, 0, 1).Add(-time.Second) }

// WriteXML writes the report, a record at a time.
func (a *Aggregate) WriteXML(w io.Writer) error {
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	root := xml.StartElement{Name: xml.Name{Local: "feedback"}}
	_, err := io.WriteString(w, xml.Header)
	steps := []func() error{
		func() error { return e.EncodeToken(root) },
		func() error { return e.EncodeElement("1.0", element("version")) },
		func() error { return e.EncodeElement(a.metadata(), element("report_metadata")) },
		func() error { return e.EncodeElement(a.published(), element("policy_published")) },
		func() error { return a.writeRecords(e) },
		func() error { return e.EncodeToken(root.End()) },
		e.Close,
	}
	if err == nil {
		err = firstError(steps...)
	}
	if err != nil {
		return fmt.Errorf("write DMARC report: %w", err)
	}
	return nil
}

func element(name string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: name}} }

func (a *Aggregate) writeRecords(e *xml.Encoder) error {
	for _, r := range a.rows {
		if err := e.EncodeElement(r.record(), element("record")); err != nil {
			return err
		}
	}
	return nil
}

func (a *Aggregate) metadata() reportMetadata {
	return reportMetadata{Organization: a.submitter, Email: a.contact, ID: a.id, Begin: a.day.Unix(), End: a.end().Unix()}
}

func (a *Aggregate) published() policyPublished {
	r := a.Record
	p := policyPublished{Domain: a.domain, ADKIM: mode(r.StrictDKIM), ASPF: mode(r.StrictSPF), P: r.Policy, SP: r.Subdomains, Pct: r.Percent, FO: r.FailureOptions}
	if r.Missing != r.Subdomains {
		p.NP = r.Missing // RFC 9091 §4.3
	}
	return p
}

func mode(strict bool) string {
	if strict {
		return "s"
	}
	return "r"
}

// record is a row in the form of the schema.
func (r Row) record() reportRecord {
	out := reportRecord{
		Row:         reportRow{Source: r.Source, Count: r.Count, Policy: policyEvaluated{Disposition: r.Disposition, DKIM: r.DKIM, SPF: r.SPF}},
		Identifiers: identifiers{EnvelopeFrom: r.Envelope, HeaderFrom: r.Author},
	}
	if r.Override != "" {
		out.Row.Policy.Reasons = []overrideReason{{r.Override, r.Comment}}
	}
	for line := range strings.SplitSeq(r.Auth, "\n") {
		switch f := strings.Fields(line); {
		case len(f) != 4:
		case f[0] == "spf":
			out.Auth.SPF = append(out.Auth.SPF, spfAuth{Domain: f[1], Scope: f[2], Result: f[3]})
		case f[0] == "dkim":
			out.Auth.DKIM = append(out.Auth.DKIM, dkimAuth{Domain: f[1], Selector: f[2], Result: f[3]})
		}
	}
	return out
}

// Gzip is the report's XML, packed (RFC 7489 §7.2.1.1).
func (a *Aggregate) Gzip() ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := errors.Join(a.WriteXML(w), w.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Filename has the form of RFC 7489 §7.2.1.1.
func (a *Aggregate) Filename() string {
	return fmt.Sprintf("%s!%s!%d!%d.xml.gz", a.submitter, a.domain, a.day.Unix(), a.end().Unix())
}

// Subject has the form of RFC 7489 §7.2.1.1.
func (a *Aggregate) Subject() string {
	return fmt.Sprintf("Report Domain: %s Submitter: %s Report-ID: <%s>", a.domain, a.submitter, a.id)
}
