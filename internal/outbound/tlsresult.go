package outbound

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"time"
)

// TLSResult is what became of TLS with one server, counted for the daily report (RFC 8460 §4).
type TLSResult struct {
	Day                              string // of UTC: 2026-11-22
	Domain                           string // of the recipients, in A-labels
	PolicyType                       string // "sts", "tlsa" or "no-policy-found"
	PolicyStrings, MXHosts           []string
	Result                           string // "" is success, else a type of RFC 8460 §4.3
	MXHost, SourceIP, PeerIP, Detail string
	Sessions                         int64
}

// The types of policies (RFC 8460 §4.2).
const (
	reportSTS  = "sts"
	reportTLSA = "tlsa"
	reportNone = "no-policy-found"
)

// The types of failures (RFC 8460 §4.3).
const (
	resultNoSTARTTLS = "starttls-not-supported"
	resultName       = "certificate-host-mismatch"
	resultExpired    = "certificate-expired"
	resultUntrusted  = "certificate-not-trusted"
	resultValidation = "validation-failure"
	resultTLSA       = "tlsa-invalid"
	resultDNSSEC     = "dnssec-invalid"
	resultFetch      = "sts-policy-fetch-error"
	resultPolicy     = "sts-policy-invalid"
	resultWebPKI     = "sts-webpki-invalid"
)

// maxDetail keeps a stranger's words from filling our file.
const maxDetail = 200 // octets

// attempt is one session as the reports see it.
type attempt struct {
	host   string
	peer   netip.Addr
	result string
	detail string
}

// note takes in how the handshake went. A certificate that fails a policy in testing is a failure to report, although the
// mail went through (RFC 8461 §5); without a policy no certificate is wrong.
func (a *attempt) note(p tlsPolicy, found verdict, err error) {
	if err == nil && p.kind != reportNone {
		err = found.err
	}
	switch {
	case err != nil:
		a.result, a.detail = certificateResult(err), err.Error()
	case p.kind == reportTLSA && len(p.tlsa) == 0:
		a.result, a.detail = resultTLSA, "no record is usable for SMTP"
	}
}

// certificateResult is the type for why a certificate or a handshake failed.
func certificateResult(err error) string {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &name):
		return resultName
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return resultExpired
	case errors.As(err, &invalid), errors.As(err, &unknown):
		return resultUntrusted
	}
	return resultValidation
}

// stsFailure is the type for why a policy could not be had.
func stsFailure(err error) string {
	switch certificateResult(err) {
	case resultName, resultExpired, resultUntrusted:
		return resultWebPKI
	}
	if errors.Is(err, ErrSTS) {
		return resultPolicy
	}
	return resultFetch
}

// count reports one session under the policy that governed it.
func (s *Sender) count(ctx context.Context, d *delivery, p tlsPolicy, a attempt) {
	if s.Report == nil || strings.HasPrefix(d.domain, "[") {
		return
	}
	r := TLSResult{Day: s.now().UTC().Format(time.DateOnly), Domain: d.domain, PolicyType: p.kind, PolicyStrings: p.said,
		Result: a.result, Sessions: 1}
	if p.kind == reportSTS {
		r.MXHosts = p.sts.MX // RFC 8460 §4.4 mx-host: the patterns of the policy
	}
	if a.result != "" {
		r.MXHost, r.Detail = a.host, clip(a.detail)
		if a.peer.IsValid() {
			r.PeerIP = a.peer.String()
		}
		if source := s.settings().Source; source.IsValid() {
			r.SourceIP = source.String()
		}
	}
	s.Report(ctx, r)
}

// clip keeps the beginning of a text, at a boundary of letters.
func clip(text string) string {
	text = strings.ToValidUTF8(text, "?")
	if len(text) <= maxDetail {
		return text
	}
	return strings.ToValidUTF8(text[:maxDetail], "")
}

// stsStrings is the policy as the reports quote it: its lines (RFC 8460 §4.2).
func stsStrings(p STSPolicy) []string {
	lines := []string{"version: STSv1", "mode: " + p.Mode}
	for _, mx := range p.MX {
		lines = append(lines, "mx: "+mx)
	}
	return append(lines, "max_age: "+strconv.FormatInt(int64(p.MaxAge/time.Second), 10))
}
