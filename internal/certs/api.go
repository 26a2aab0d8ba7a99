// Package certs holds the appliance's certificate.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"time"
)

type Options struct {
	CertFile, KeyFile             func() string
	SelfSignedCert, SelfSignedKey []byte
	Log                           *slog.Logger
	Now                           func() time.Time
}
type Source struct{}

func New(opt Options) (*Source, error)                                                { panic("stub") }
func (s *Source) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { panic("stub") }
func (s *Source) TLSConfig(alpn ...string) *tls.Config                                { panic("stub") }
func (s *Source) Leaf() *x509.Certificate                                             { panic("stub") }
func (s *Source) Fingerprint() string                                                 { panic("stub") }
func SelfSigned(host string, names []string, addrs []netip.Addr, now time.Time) (certPEM, keyPEM []byte, err error) {
	panic("stub")
}
