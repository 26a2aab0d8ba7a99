package acme

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/acme/autocert"
)

// kind is a kind of key; its text stands in the file.
type kind string

const (
	ec      kind = "ec"  // P-256
	rsaKind kind = "rsa" // 2048 bits
)

func (k kind) newKey() (crypto.Signer, error) {
	if k == rsaKind {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (s Settings) kinds() []kind {
	if s.RSA {
		return []kind{ec, rsaKind}
	}
	return []kind{ec}
}

// Kept is the certificates in cache, those with EC keys first, whether or not
// they are still good. One that cannot be read is an error beside the others.
func Kept(ctx context.Context, cache autocert.Cache) ([]*tls.Certificate, error) {
	var list []*tls.Certificate
	var errs []error
	for _, k := range []kind{ec, rsaKind} {
		cert, err := readCert(ctx, cache, k)
		if err != nil {
			errs = append(errs, err)
		}
		if cert != nil {
			list = append(list, cert)
		}
	}
	return list, errors.Join(errs...)
}

// readCert is nil where there is none.
func readCert(ctx context.Context, cache autocert.Cache, k kind) (*tls.Certificate, error) {
	b, err := cache.Get(ctx, keyCert+string(k))
	if errors.Is(err, autocert.ErrCacheMiss) {
		return nil, nil
	}
	if err == nil {
		var cert tls.Certificate
		if cert, err = tls.X509KeyPair(b, b); err == nil {
			return &cert, nil
		}
	}
	return nil, fmt.Errorf("acme: read the certificate with the %s key: %w", k, err)
}

// chainPEM is the certificate and those above it. With the key before them it is the form in which we keep them.
func chainPEM(chain [][]byte) []byte {
	var b []byte
	for _, der := range chain {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return b
}

func keyPEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func parseKey(b []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T cannot sign", key)
	}
	return signer, nil
}

// check refuses what the authority should not have given: a chain without our
// key, without the names, or not for this time.
func (m *Manager) check(keyPEM []byte, chain [][]byte, names []string) (*tls.Certificate, error) {
	cert, err := tls.X509KeyPair(chainPEM(chain), keyPEM) // looks whether the key fits
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := cert.Leaf.VerifyHostname(name); err != nil {
			return nil, err
		}
	}
	if now := m.Now(); now.After(cert.Leaf.NotAfter) {
		return nil, fmt.Errorf("it ended on %v, and it is %v", cert.Leaf.NotAfter, now)
	}
	return &cert, nil
}

// covers tells whether all of our certificates have a name.
func (m *Manager) covers(name string) bool {
	return len(m.certs) > 0 && !slices.ContainsFunc(m.certs, func(c *tls.Certificate) bool { return c.Leaf.VerifyHostname(name) != nil })
}
