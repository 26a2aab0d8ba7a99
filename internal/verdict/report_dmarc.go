package verdict

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// readDMARC reads an aggregate report record by record.
func readDMARC(r io.Reader) (Report, error) {
	in := &piecewise{r: r}
	raw := xml.NewDecoder(in)
	raw.CharsetReader = charsetReader
	d := xml.NewTokenDecoder(&shallow{d: raw})
	report := Report{Kind: KindDMARC}
	seen := false
	for {
		in.since = 0
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Report{}, fmt.Errorf("%w: %w", ErrReportBad, err)
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		if !seen {
			if start.Name.Local != "feedback" {
				return Report{}, ErrNoReport
			}
			seen = true
			continue
		}
		if err := report.element(d, start); err != nil {
			return Report{}, fmt.Errorf("%w: %w", ErrReportBad, err)
		}
	}
	if !seen || report.Domain == "" {
		return Report{}, ErrNoReport
	}
	return report, nil
}

// element takes one child of the report.
func (report *Report) element(d *xml.Decoder, start xml.StartElement) error {
	switch start.Name.Local {
	case "report_metadata":
		var m reportMetadata
		if err := d.DecodeElement(&m, &start); err != nil {
			return err
		}
		report.Reporter, report.Contact, report.Name = kept(m.Organization), kept(m.Email), kept(m.ID)
		report.From, report.Until = seconds(m.Begin), seconds(m.End)
		return nil
	case "policy_published":
		var p struct {
			Domain string `xml:"domain"`
		}
		if err := d.DecodeElement(&p, &start); err != nil {
			return err
		}
		report.Domain = asciiDomain(kept(p.Domain))
		return nil
	case "record":
		var record reportRecord
		if err := d.DecodeElement(&record, &start); err != nil {
			return err
		}
		report.add(record.line())
		return nil
	}
	return d.Skip()
}

func (report *Report) add(row ReportRow) {
	if len(report.Rows) == maxRows {
		report.Cut = true
		return
	}
	report.Rows = append(report.Rows, row)
}

func (r reportRecord) line() ReportRow {
	p := r.Row.Policy
	row := ReportRow{Source: kept(r.Row.Source), Author: asciiDomain(kept(r.Identifiers.HeaderFrom)), Disposition: kept(strings.ToLower(p.Disposition)),
		DKIM: kept(strings.ToLower(p.DKIM)), SPF: kept(strings.ToLower(p.SPF)), Count: max(r.Row.Count, 0)}
	if a, err := netip.ParseAddr(row.Source); err == nil {
		row.Source = a.Unmap().WithZone("").String()
	}
	if len(p.Reasons) > 0 {
		row.Result, row.Detail = kept(p.Reasons[0].Type), kept(p.Reasons[0].Comment)
	}
	return row
}

// kept is text as it is kept and shown: one line, bounded, UTF-8.
func kept(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// seconds is a time since 1970; one that no calendar has is none.
func seconds(n int64) time.Time {
	const last = 253402300799 // the year 9999
	if n < 0 || n > last {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// shallow gives the tokens of a document that is not too deep, nor too long. Go's parser knows
// no entities of a document's own, so nothing can grow.
type shallow struct {
	d     *xml.Decoder
	depth int
	count int
}

func (s *shallow) Token() (xml.Token, error) {
	t, err := s.d.Token()
	if s.count++; s.count > maxTokens {
		return nil, fmt.Errorf("more than %d pieces", maxTokens)
	}
	switch t.(type) {
	case xml.StartElement:
		if s.depth++; s.depth > maxXMLDepth {
			return nil, fmt.Errorf("more than %d elements deep", maxXMLDepth)
		}
	case xml.EndElement:
		s.depth--
	}
	return t, err
}

// piecewise ends where one child of the report is longer than any can be: the
// parser holds a child as a whole.
type piecewise struct {
	r     io.Reader
	since int // octets since the child began, and those the parser read ahead
}

// maxPiece is how long a record may be; real ones stay below 4 KB.
const maxPiece = 256 << 10 // octets

func (p *piecewise) Read(b []byte) (int, error) {
	if p.since > maxPiece {
		return 0, fmt.Errorf("a record of more than %d octets", maxPiece)
	}
	n, err := p.r.Read(b)
	p.since += n
	return n, err
}

// charsetReader knows what reports without UTF-8 say.
func charsetReader(charset string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "us-ascii", "iso-8859-1", "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(in), nil
	}
	return nil, fmt.Errorf("the character set %.40q is unknown", charset)
}
