// Package certs holds the certificates that the appliance shows, and chooses one for each handshake: the owner's own from
// files, else one that an authority gave, even if it has expired, else a self-signed one, which is always there.
//
// Invariants: there is a certificate at any time after New; a good one is never given up for a broken file; nothing is
// read from disk more often than every few seconds, however many handshakes there are, and no handshake waits for anybody.
// A new certificate is shown to every connection that begins after it came, on every port; those that are open stay.
package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Options is what a Source is made of; all of it is needed but Challenge.
type Options struct {
	CertFile, KeyFile func() string    // paths of the user's own, PEM, from the live settings; "" is none
	SelfSigned        *tls.Certificate // for the names and addresses of the house, see SelfSigned
	// Challenge answers an authority that comes to look (RFC 8737); ok is false for everybody else.
	Challenge func(*tls.ClientHelloInfo) (cert *tls.Certificate, ok bool, err error)
	Log       *slog.Logger
	Now       func() time.Time // the clock
}

// Source gives the certificate of the moment. It is safe for concurrent use.
type Source struct {
	own       *files
	challenge func(*tls.ClientHelloInfo) (*tls.Certificate, bool, error)
	issued    atomic.Pointer[[]*tls.Certificate] // the first is the usual one
	house     atomic.Pointer[tls.Certificate]    // self-signed
	phones    atomic.Pointer[tls.Certificate]    // self-signed for public names, or nil
}

// New makes a Source and reads the user's files for the first time. Broken files are logged and are no error; to have no
// self-signed certificate is.
func New(opt Options) (*Source, error) {
	if opt.SelfSigned == nil || opt.SelfSigned.Leaf == nil {
		return nil, errors.New("no self-signed certificate")
	}
	s := &Source{
		own:       &files{certPath: opt.CertFile, keyPath: opt.KeyFile, log: opt.Log, now: opt.Now},
		challenge: opt.Challenge,
	}
	s.SetSelfSigned(opt.SelfSigned, nil)
	s.SetIssued(nil)
	s.own.get()
	return s, nil
}

// SetIssued shows certificates of an authority from now on, all for the same names; of several with different kinds of
// keys a client gets the first that it understands. None is none.
func (s *Source) SetIssued(list []*tls.Certificate) { s.issued.Store(&list) }

// SetSelfSigned shows these where there is nothing better: the first to everybody, the second, which may be nil, to
// whoever asks for a name that is in it.
func (s *Source) SetSelfSigned(house, phones *tls.Certificate) {
	s.house.Store(house)
	s.phones.Store(phones)
}

// HasPhones tells whether the self-signed certificate for public names has all of names.
func (s *Source) HasPhones(names []string) bool {
	phones := s.phones.Load()
	return phones != nil && !slices.ContainsFunc(names, func(name string) bool { return phones.Leaf.VerifyHostname(name) != nil })
}

// GetCertificate is for tls.Config. It never fails but for an authority's challenge: a client that asks for a name we do
// not have gets what there is, as mail programs let a person accept that.
func (s *Source) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.challenge != nil {
		if cert, ok, err := s.challenge(hello); ok {
			return cert, err
		}
	}
	return s.choose(hello.ServerName, func(c *tls.Certificate) bool { return hello.SupportsCertificate(c) == nil }), nil
}

// choose is the order of what we have. name may be "": many mail programs at home connect to an address.
func (s *Source) choose(name string, understood func(*tls.Certificate) bool) *tls.Certificate {
	if cert := s.own.get(); cert != nil {
		return cert
	}
	house := s.house.Load()
	for _, cert := range *s.issued.Load() {
		// Who asks for the name that only the house itself uses has accepted that certificate, and no other fits.
		if name != "" && cert.Leaf.VerifyHostname(name) != nil && house.Leaf.VerifyHostname(name) == nil {
			break
		}
		if understood(cert) || len(*s.issued.Load()) == 1 {
			return cert
		}
	}
	if phones := s.phones.Load(); phones != nil && name != "" && phones.Leaf.VerifyHostname(name) == nil {
		return phones
	}
	return house
}

// Usual is the certificate for a client that names nobody.
func (s *Source) Usual() *tls.Certificate { return s.choose("", anybody) }

func anybody(*tls.Certificate) bool { return true }

// Leaf is our certificate on a connection, for channel binding. A connection that began before a change had another one.
func (s *Source) Leaf(cs *tls.ConnectionState) *x509.Certificate {
	if cs == nil {
		return s.Usual().Leaf
	}
	return s.choose(cs.ServerName, func(c *tls.Certificate) bool { return fits(cs, c) }).Leaf
}

// fits tells whether a connection can have had a certificate. TLS 1.2 names the kind of key in the suite; whoever speaks
// TLS 1.3 understands them all (RFC 8446 §9.1), and so had the first.
func fits(cs *tls.ConnectionState, c *tls.Certificate) bool {
	withRSA := strings.Contains(tls.CipherSuiteName(cs.CipherSuite), "_RSA_")
	return cs.Version != tls.VersionTLS12 || withRSA == (c.Leaf.PublicKeyAlgorithm == x509.RSA)
}

// Trusted tells whether strangers who connect to name would believe the certificate they get: one of the authorities of
// this system vouches for it, it is in its time, and it has the name.
func (s *Source) Trusted(name string) bool {
	cert := s.choose(name, anybody)
	between := x509.NewCertPool()
	for _, der := range cert.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	_, err := cert.Leaf.Verify(x509.VerifyOptions{DNSName: name, Intermediates: between, CurrentTime: s.own.now()})
	return err == nil
}

// Fingerprint is the SHA-256 of a certificate the way mail programs show it: pairs of hex digits with colons.
func Fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}
