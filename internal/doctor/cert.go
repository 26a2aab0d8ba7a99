package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	"buzon/internal/acme"
	"buzon/internal/finding"
	"buzon/internal/trust"
)

// checkCert looks which certificate is shown, whether the world believes it, and for how long.
func checkCert(ctx context.Context, e *exam, _ string) (Finding, error) {
	s, err := trust.Read(ctx, e.Store)
	if err != nil {
		return Finding{}, err
	}
	switch {
	case s.FileError != nil:
		return finding.Failed(finding.Say("doctor_cert_file", "err", s.FileError.Error()), finding.Say("doctor_cure_cert_file")), nil
	case len(e.domains) == 0:
		return finding.NotKnown(finding.Say("doctor_cert_no_domain"), finding.Say("line_cure_name")), nil
	case s.Origin == trust.SelfSigned:
		return selfSigned(s), nil
	}
	return e.believed(ctx, s), nil
}

// selfSigned is while no authority has given one, and why.
func selfSigned(s trust.Status) Finding {
	if s.Way == acme.Off {
		return finding.Warned(finding.Say("doctor_cert_off"), finding.Say("doctor_cure_cert_on"))
	}
	why := s.State.Problem
	for _, n := range s.State.Names {
		if why == nil {
			why = n.Problem
		}
	}
	if why == nil {
		return finding.Warned(finding.Say("doctor_cert_waiting"), finding.Say("doctor_cure_cert_waiting"))
	}
	return finding.Failed(finding.Say("doctor_cert_none", "detail", firstOf(why.Detail, string(why.Code))), finding.Say(trust.Sentence(why.Code)))
}

// firstOf is the first that says something.
func firstOf(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// How much of its life a certificate may have left. It is renewed at a third of it, so less means that renewing fails.
const (
	soonPart = 5  // one part in so many: a warning
	lastPart = 12 // programs begin to complain in a few days
)

// believed judges one that an authority gave, or the owner has.
func (e *exam) believed(ctx context.Context, s trust.Status) Finding {
	c := s.Shown[0]
	until := c.Until.UTC().Format("2006-01-02")
	left, life := c.Until.Sub(e.Now()), c.Until.Sub(c.From)
	cure := renewCure(s)
	switch err := e.chain(ctx); {
	case left < 0:
		return finding.Failed(finding.Say("doctor_cert_ended", "day", until), cure)
	case err != nil:
		return finding.Failed(finding.Say("doctor_cert_chain", "err", err.Error()), finding.Say("doctor_cure_cert_chain"))
	case left < life/lastPart:
		return finding.Failed(finding.Say("doctor_cert_soon", "day", until), cure)
	case left < life/soonPart:
		return finding.Warned(finding.Say("doctor_cert_soon", "day", until), cure)
	}
	if missing := uncovered(s); len(missing) > 0 {
		return finding.Warned(finding.Say("doctor_cert_names", "names", strings.Join(missing, ", ")), finding.Say("doctor_cure_cert_names"))
	}
	return finding.Passed(finding.Say("doctor_cert_good", "issuer", c.Issuer, "day", until))
}

// renewCure is what to do about one that ends: an owner's own is the owner's to renew.
func renewCure(s trust.Status) Phrase {
	switch {
	case s.Origin == trust.FromFiles:
		return finding.Say("doctor_cure_cert_file")
	case s.State.Problem != nil:
		return finding.Say(trust.Sentence(s.State.Problem.Code))
	}
	return finding.Say("doctor_cure_cert_waiting")
}

// uncovered are the names that we want and it does not have.
func uncovered(s trust.Status) []string {
	var list []string
	for _, n := range s.Wanted {
		covered := slices.ContainsFunc(s.Shown, func(c trust.Cert) bool {
			return slices.ContainsFunc(c.Names, func(have string) bool { return matches(have, n.Name) })
		})
		if !covered {
			list = append(list, n.Name)
		}
	}
	return list
}

// matches: a star is one whole label, the first (RFC 6125 §6.4.3).
func matches(have, name string) bool {
	if have == name {
		return true
	}
	wild, ok := strings.CutPrefix(have, "*.")
	_, parent, _ := strings.Cut(name, ".")
	return ok && wild == parent
}

// chain verifies what our own server shows, as a program out there would. A server that does not run shows nothing, which
// the check of ports tells.
func (e *exam) chain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, portTime)
	defer cancel()
	conn, err := e.Here(ctx, "tcp", e.ports.at(993))
	if err != nil {
		return nil
	}
	defer conn.Close()
	now := func() time.Time { return e.Now() }
	client := tls.Client(conn, &tls.Config{ServerName: e.mainHost(), RootCAs: e.Roots, Time: now, MinVersion: tls.VersionTLS12})
	err = client.HandshakeContext(ctx)
	var untrusted *tls.CertificateVerificationError
	var name x509.HostnameError
	if errors.As(err, &untrusted) || errors.As(err, &name) {
		return err
	}
	return nil
}
