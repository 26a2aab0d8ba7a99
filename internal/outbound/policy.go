package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// target is one host of a domain: where it is and how safe the way must be.
type target struct {
	host  string // A-labels, or the text of an address literal
	addrs []netip.Addr
	tlsPolicy
}

// tlsPolicy is what one host's TLS is held to. At most one of dane and sts governs: RFC 8461 §2, a certificate that fails
// DANE is not saved by MTA-STS, so that DANE goes first wherever the host has it.
type tlsPolicy struct {
	kind  string     // reportTLSA, reportSTS or reportNone
	must  bool       // no TLS, or a certificate that does not pass, is a failure
	tlsa  []dns.TLSA // usable ones; empty with reportTLSA: TLS is a must, the certificate anything (RFC 7672 §2.2)
	names []string   // that the certificate may be for, the one for SNI first
	sts   STSPolicy
	said  []string // the policy as the reports quote it (RFC 8460 §4.2)
}

var (
	errNotAllowed    = errors.New("the domain's MTA-STS policy does not name this server")
	errNoCertificate = errors.New("the server showed no certificate")
	errTLSALookup    = &message.Reply{Code: 451, Enhanced: [3]int{4, 7, 5},
		Text: "The DNS did not tell which certificate to expect"}
	errNoHost = &message.Reply{Code: 550, Enhanced: [3]int{5, 4, 4},
		Text: "The server that takes the domain's mail does not exist"}
)

// target finds a host's addresses and its policy.
func (s *Sender) target(ctx context.Context, d *delivery, host string) (target, error) {
	t := target{host: host}
	answer, err := s.Resolver.Addresses(ctx, host)
	switch {
	case errors.Is(err, dns.ErrNotFound) && host == d.domain:
		return t, errNoMail
	case errors.Is(err, dns.ErrNotFound), errors.Is(err, dns.ErrName):
		return t, errNoHost
	case err != nil:
		return t, explain(errDNS, err)
	}
	t.addrs = slices.DeleteFunc(spread(answer.Records, maxAddresses), s.here)
	if len(t.addrs) == 0 {
		return t, errLoop
	}
	t.tlsPolicy, err = s.tlsPolicy(ctx, d, host, answer)
	return t, err
}

func (s *Sender) tlsPolicy(ctx context.Context, d *delivery, host string, found dns.Answer[netip.Addr]) (tlsPolicy, error) {
	p := tlsPolicy{kind: reportNone, names: []string{host}}
	// RFC 7672 §2.2: only where the way to the host is signed from end to end is DANE worth asking for.
	if d.mx.authentic && found.Authentic {
		base, records, err := s.tlsa(ctx, host, found.Name)
		if err != nil {
			s.count(ctx, d, p, attempt{host: host, result: resultDNSSEC, detail: err.Error()})
			return p, explain(errTLSALookup, err)
		}
		if len(records) > 0 {
			return danePolicy(d, host, base, records), nil
		}
	}
	if d.sts.found && d.sts.policy.Mode != STSNone {
		p.kind, p.sts, p.said = reportSTS, d.sts.policy, stsStrings(d.sts.policy)
		p.must = d.sts.policy.Mode == STSEnforce
	}
	return p, nil
}

// tlsa asks for the records of the host's alias-free name, then of the name itself (RFC 7672 §2.2.3). An error means that
// the host must not be used: an attacker could have made it (§2.1.1).
func (s *Sender) tlsa(ctx context.Context, host, final string) (base string, records []dns.TLSA, err error) {
	bases := []string{host}
	if final != "" && final != host {
		bases = []string{final, host}
	}
	for _, base = range bases {
		answer, err := s.Resolver.TLSA(ctx, "_25._tcp."+base)
		if err != nil && !errors.Is(err, dns.ErrNotFound) {
			return "", nil, err
		}
		if err == nil && answer.Authentic && len(answer.Records) > 0 { // unsigned records are none (§2.1.1)
			return base, answer.Records, nil
		}
	}
	return "", nil, nil
}

func danePolicy(d *delivery, host, base string, records []dns.TLSA) tlsPolicy {
	p := tlsPolicy{kind: reportTLSA, must: true, tlsa: usableTLSA(records)}
	// RFC 7672 §3.2.2: the base domain, which SNI names too (§8.1), the MX host and the recipients' domain.
	for _, name := range []string{base, host, d.domain} {
		if !slices.Contains(p.names, name) {
			p.names = append(p.names, name)
		}
	}
	for _, r := range records {
		p.said = append(p.said, fmt.Sprintf("%d %d %d %x", r.Usage, r.Selector, r.Matching, r.Data))
	}
	return p
}

// verdict is what became of a server's certificate.
type verdict struct {
	level TLSLevel // reached
	err   error    // against the policy, or against the web's rules where there is none
}

// judge holds the certificate against the policy.
func (s *Sender) judge(t target, state tls.ConnectionState) verdict {
	if t.kind == reportTLSA && len(t.tlsa) > 0 {
		if err := verifyDANE(t.tlsa, state.PeerCertificates, t.names, s.now()); err != nil {
			return verdict{Unverified, err}
		}
		return verdict{DANE, nil}
	}
	err := verifyChain(state.PeerCertificates, x509.VerifyOptions{Roots: s.Roots, CurrentTime: s.now()}, t.names[:1])
	switch {
	case t.kind == reportTLSA: // nothing usable: encrypted is all that is asked
		return verdict{Unverified, nil}
	case err != nil:
		return verdict{Unverified, err}
	case t.kind == reportSTS:
		return verdict{STS, nil}
	}
	return verdict{Verified, nil}
}

// tlsConfig checks by judge, which writes down what it found; a certificate that breaks a binding policy ends the handshake.
func (s *Sender) tlsConfig(t target, found *verdict) *tls.Config {
	config := &tls.Config{
		ServerName:         t.names[0],
		InsecureSkipVerify: true, // VerifyConnection does it, by a policy that the library does not know
		MinVersion:         tls.VersionTLS12,
		Time:               s.Now,
		VerifyConnection: func(state tls.ConnectionState) error {
			*found = s.judge(t, state)
			if t.must {
				return found.err
			}
			return nil
		},
	}
	if !t.must {
		config.MinVersion = tls.VersionTLS10 // RFC 7435 §3: old encryption is better than the plain text it would fall back to
	}
	return config
}

// under tells whether host is the domain or below it.
func under(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}
