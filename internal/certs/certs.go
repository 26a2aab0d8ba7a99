// Package certs holds the certificate that the appliance shows: the user's own from files, or the self-signed one that
// is always there.
//
// Invariants: there is a certificate at any time after New; a good one is never given up for a broken file; nothing is
// read from disk more often than every few seconds, however many handshakes there are.
//
// A further origin (ACME) is one more step in Source.current, between the files and the self-signed certificate.
package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Options is what a Source is made of; all of it is needed.
type Options struct {
	CertFile, KeyFile             func() string // paths of the user's own, PEM, from the live settings; "" is none
	SelfSignedCert, SelfSignedKey []byte        // PEM, see SelfSigned
	Log                           *slog.Logger
	Now                           func() time.Time // the clock
}

// Source gives the certificate of the moment. It is safe for concurrent use.
type Source struct {
	own        *files
	selfSigned *tls.Certificate
}

// New makes a Source and reads the user's files for the first time. Broken files are logged and are no error; a broken
// self-signed certificate is.
func New(opt Options) (*Source, error) {
	selfSigned, err := tls.X509KeyPair(opt.SelfSignedCert, opt.SelfSignedKey)
	if err != nil {
		return nil, fmt.Errorf("self-signed certificate: %w", err)
	}
	s := &Source{
		own:        &files{certPath: opt.CertFile, keyPath: opt.KeyFile, log: opt.Log, now: opt.Now},
		selfSigned: &selfSigned,
	}
	s.own.get()
	return s, nil
}

// GetCertificate is for tls.Config. It never fails: a client that asks for a name we do not have gets what there is, as
// mail programs let a person accept that.
func (s *Source) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.current(), nil
}

// current chooses the certificate.
func (s *Source) current() *tls.Certificate {
	if cert := s.own.get(); cert != nil {
		return cert
	}
	return s.selfSigned
}

// TLSConfig is a new configuration for a listener that speaks the given ALPN protocols (none: no ALPN). TLS 1.2 is the
// least (RFC 8314 §4.1, RFC 8996); the rest is what Go holds right, session tickets with it.
func (s *Source) TLSConfig(alpn ...string) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: s.GetCertificate,
		NextProtos:     alpn,
	}
}

// Leaf is the certificate of the moment itself, for channel binding. A connection that began before a change had
// another one.
func (s *Source) Leaf() *x509.Certificate {
	return s.current().Leaf
}

// Trusted tells whether strangers who connect to name would believe the certificate of the moment: one of the authorities
// of this system vouches for it, it is in its time, and it has the name.
func (s *Source) Trusted(name string) bool {
	cert := s.current()
	between := x509.NewCertPool()
	for _, der := range cert.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	_, err := cert.Leaf.Verify(x509.VerifyOptions{DNSName: name, Intermediates: between, CurrentTime: s.own.now()})
	return err == nil
}

// Fingerprint is the SHA-256 of Leaf the way mail programs show it: pairs of hex digits with colons.
func (s *Source) Fingerprint() string {
	sum := sha256.Sum256(s.Leaf().Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}
