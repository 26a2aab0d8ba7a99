package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// How long self-signed certificates are valid.
const (
	// HouseLife is for names and addresses that only this house uses: nobody has to accept a new one every two years.
	HouseLife = 3650 * 24 * time.Hour
	// PhoneLife is for public names. iOS takes no certificate that is valid for longer (support.apple.com/103769).
	PhoneLife = 825 * 24 * time.Hour

	// RenewBefore is how long before its end a self-signed certificate is made anew.
	RenewBefore = 30 * 24 * time.Hour
)

// Boards without a clock, and phones with a wrong one, may be behind.
const clockSkew = 24 * time.Hour

// SelfSigned makes a certificate (EC P-256) for host, further names and addresses, valid from a day before now for life in
// all, and its key (PKCS #8), both PEM, the certificate first. It cannot sign others: whoever trusts it trusts this server
// alone.
func SelfSigned(host string, names []string, addrs []netip.Addr, life time.Duration, now time.Time) ([]byte, error) {
	if host == "" {
		return nil, errors.New("self-signed certificate: no host name")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("self-signed certificate: %w", err)
	}
	t := template(host, names, addrs, life, now)
	cert, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("self-signed certificate: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("self-signed certificate: %w", err)
	}
	both := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	return append(both, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...), nil
}

// Parse reads what SelfSigned made.
func Parse(both []byte) (*tls.Certificate, error) {
	cert, err := tls.X509KeyPair(both, both)
	if err != nil {
		return nil, fmt.Errorf("self-signed certificate: %w", err)
	}
	return &cert, nil
}

func template(host string, names []string, addrs []netip.Addr, life time.Duration, now time.Time) *x509.Certificate {
	t := &x509.Certificate{ // a missing serial number is made by CreateCertificate, at random
		Subject:               pkix.Name{CommonName: host},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(-clockSkew + life),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range append([]string{host}, names...) {
		if addr, err := netip.ParseAddr(name); err == nil {
			addrs = append(slices.Clip(addrs), addr)
		} else if !slices.Contains(t.DNSNames, name) {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	for _, addr := range addrs {
		t.IPAddresses = append(t.IPAddresses, net.IP(addr.Unmap().WithZone("").AsSlice()))
	}
	return t
}
