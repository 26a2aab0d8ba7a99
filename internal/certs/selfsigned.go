package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

// iOS takes no certificate that is valid for longer (support.apple.com/103769).
const selfSignedLife = 825 * 24 * time.Hour

// Boards without a clock, and phones with a wrong one, may be behind.
const clockSkew = 24 * time.Hour

// SelfSigned makes a certificate (EC P-256) for host, further names and addresses, valid from a day before now for 825
// days in all, and its key (PKCS #8), both PEM. It cannot sign others: whoever trusts it trusts this server alone.
func SelfSigned(host string, names []string, addrs []netip.Addr, now time.Time) (certPEM, keyPEM []byte, err error) {
	if host == "" {
		return nil, nil, errors.New("self-signed certificate: no host name")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("self-signed certificate: %w", err)
	}
	t := template(host, names, addrs, now)
	cert, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("self-signed certificate: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("self-signed certificate: %w", err)
	}
	certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return certPEM, keyPEM, nil
}

func template(host string, names []string, addrs []netip.Addr, now time.Time) *x509.Certificate {
	t := &x509.Certificate{ // a missing serial number is made by CreateCertificate, at random
		Subject:               pkix.Name{CommonName: host},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(-clockSkew + selfSignedLife),
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
