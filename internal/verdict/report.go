package verdict

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"buzon/internal/message"
)

// Report is what others found out about mail of one domain of ours (RFC 7489
// §7.2), or about the way to it (RFC 8460).
type Report struct {
	Kind        string // KindDMARC or KindTLS
	Domain      string // the one reported on, A-labels
	Reporter    string // the organization that reports
	Contact     string
	Name        string // the reporter's id of it
	From, Until time.Time
	Rows        []ReportRow
	Cut         bool // there were more rows than are kept
}

// The kinds of reports.
const (
	KindDMARC = "dmarc"
	KindTLS   = "tls"
)

// ReportRow is one line of a report. Its fields are store.ReportRow's.
type ReportRow struct {
	Source      string // IP address that sent
	Host        string // of TLS: the server that was spoken to
	Author      string // of DMARC: domain of From
	Disposition string // of DMARC: none, quarantine, reject
	DKIM, SPF   string // of DMARC: pass, fail
	Result      string // of TLS: RFC 8460 §4.3, "" is success; of DMARC: the reason to override
	Detail      string
	Count       int64
}

// Bounds of reading a report. Whoever knows the address may send one.
const (
	maxPacked   = 2 << 20  // octets as they come; the largest providers send 100 KB
	maxUnpacked = 16 << 20 // octets, read as a stream
	maxRows     = 1000     // kept; the rest of the report is read for nothing
	maxXMLDepth = 16       // elements; a report has 6
	maxTokens   = 1 << 20  // pieces of XML: 16,000 records
	maxText     = 255      // octets of any text that is kept
	maxReports  = 4        // in one mail
	readTime    = 10 * time.Second
)

// Errors of ReadReport.
var (
	ErrNoReport  = errors.New("not a report")              // that we know
	ErrReportBig = errors.New("the report is too large")   // packed or unpacked
	ErrReportBad = errors.New("the report cannot be read") // broken, or too deep
	ErrTooSlow   = errors.New("the report takes too long")
)

// FindReports reads the reports that a mail brings, from its parts that could be
// one. ErrNoReport tells that there is none; other errors are about one that
// could not be read, those that could be are given all the same. How far the
// sender is to be believed is for the caller to say.
func FindReports(ctx context.Context, r io.ReaderAt, root *message.Part) ([]Report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, readTime, ErrTooSlow)
	defer cancel()
	var all []Report
	var failed []error
	tried := 0
	each(root, func(p *message.Part) {
		if !mayBeReport(p) || tried == maxReports {
			return
		}
		tried++
		report, err := ReadReport(ctx, p.DecodedBody(r))
		if err != nil {
			failed = append(failed, err)
			return
		}
		all = append(all, report)
	})
	if tried == 0 {
		return nil, ErrNoReport
	}
	return all, errors.Join(failed...)
}

// each calls f for every part without parts. message.MaxDepth bounds it.
func each(p *message.Part, f func(*message.Part)) {
	if len(p.Parts) == 0 {
		f(p)
	}
	for i := range p.Parts {
		each(&p.Parts[i], f)
	}
}

// mayBeReport goes by the types in use (RFC 7489 §7.2.1.1, RFC 8460 §6.4 and
// §6.5), and by the end of the name, for some say application/octet-stream.
func mayBeReport(p *message.Part) bool {
	switch p.Type + "/" + p.Subtype {
	case "application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed", "application/x-zip",
		"application/xml", "text/xml", "application/tlsrpt+gzip", "application/tlsrpt+json":
		return true
	}
	for _, param := range slices.Concat(p.DispParams, p.Params) {
		name := strings.ToLower(param.Value)
		for _, end := range []string{".xml", ".xml.gz", ".zip", ".json", ".json.gz"} {
			if (param.Name == "filename" || param.Name == "name") && strings.HasSuffix(name, end) {
				return true
			}
		}
	}
	return false
}

// ReadReport reads one report, whichever kind it is and however it is packed. It
// ends with ctx.
func ReadReport(ctx context.Context, r io.Reader) (Report, error) {
	packed, err := io.ReadAll(io.LimitReader(r, maxPacked+1))
	switch {
	case err != nil:
		return Report{}, fmt.Errorf("%w: %w", ErrReportBad, err)
	case len(packed) > maxPacked:
		return Report{}, ErrReportBig
	}
	in, err := unpack(packed)
	if err != nil {
		return Report{}, err
	}
	bounded := &boundedReader{ctx: ctx, r: in, left: maxUnpacked}
	report, err := readKind(bounded)
	if bounded.err != nil { // what made the parser fail
		err = bounded.err
	}
	return report, err
}
