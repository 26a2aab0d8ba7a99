package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// ReportTo is where one domain wants its reports: exactly one of the fields is set.
type ReportTo struct {
	Mail  message.Address
	HTTPS string
}

// maxReportTo of one domain are served.
const maxReportTo = 4

// ReportsTo asks where a domain wants its TLS reports (RFC 8460 §3); none is no error.
func (s *Sender) ReportsTo(ctx context.Context, domain string) ([]ReportTo, error) {
	answer, err := s.Resolver.TXT(ctx, "_smtp._tls."+domain)
	if errors.Is(err, dns.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("where %s wants TLS reports: %w", domain, err)
	}
	return ParseReportsTo(answer.Records), nil
}

// ParseReportsTo reads the records. Not exactly one means none (RFC 8460 §3); kinds that we do not know are left out.
func ParseReportsTo(texts []string) []ReportTo {
	rest, ok := oneRecord(texts, "TLSRPTv1")
	if !ok {
		return nil
	}
	for field := range strings.SplitSeq(rest, ";") {
		key, value, _ := strings.Cut(field, "=")
		if strings.Trim(key, " \t") == "rua" {
			return parseRUA(value)
		}
	}
	return nil
}

func parseRUA(value string) []ReportTo {
	var found []ReportTo
	for uri := range strings.SplitSeq(value, ",") {
		to, ok := parseReportURI(strings.Trim(uri, " \t"))
		if ok && len(found) < maxReportTo {
			found = append(found, to)
		}
	}
	return found
}

func parseReportURI(text string) (ReportTo, bool) {
	u, err := url.Parse(text)
	if err != nil {
		return ReportTo{}, false
	}
	switch u.Scheme { // url.Parse makes it lower case
	case "mailto":
		local, err := url.PathUnescape(u.Opaque)
		if err != nil {
			return ReportTo{}, false
		}
		a, err := message.ParseAddress(local)
		return ReportTo{Mail: a}, err == nil && a.Domain != ""
	case "https":
		return ReportTo{HTTPS: u.String()}, u.Hostname() != "" && u.User == nil
	}
	return ReportTo{}, false
}

// PostReport delivers a report by HTTPS (RFC 8460 §5.4), by the rules of fetchHTTPS.
func (s *Sender) PostReport(ctx context.Context, to string, r *TLSReport) error {
	packed, err := r.Gzip()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, or(s.Timeouts.Fetch, 30*time.Second))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("post TLS report: %w", err)
	}
	request.Header.Set("Content-Type", "application/tlsrpt+gzip")
	client := s.httpsClient()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("post TLS report: %w", err)
	}
	response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("post TLS report: the web server says %s", response.Status)
	}
	return nil
}
