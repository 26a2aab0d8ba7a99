package acme

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	wire "golang.org/x/crypto/acme"
)

// finish brings an order to its end, wherever it stands, and shows the certificate. An order that failed is forgotten.
func (m *Manager) finish(ctx context.Context, a *authority, s Settings, kept order, o *wire.Order) (failures, error) {
	if o.Status == wire.StatusPending {
		failed, err := m.authorize(ctx, a, s, kept.Way, o)
		if err != nil {
			return failed, err
		}
		if len(failed) > 0 {
			return failed, m.Cache.Delete(ctx, keyOrder)
		}
	}
	key, err := parseKey(kept.Key)
	if err != nil {
		return nil, err
	}
	chain, err := m.collect(ctx, a, kept, key)
	if err != nil {
		return nil, fmt.Errorf("finish order: %w", err)
	}
	cert, err := m.check(kept.Key, chain, kept.Names)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the authority's certificate is of no use: %w", err), m.Cache.Delete(ctx, keyOrder))
	}
	return nil, m.take(ctx, kept, cert)
}

// collect has the certificate made, if it is not, and fetches it.
func (m *Manager) collect(ctx context.Context, a *authority, kept order, key crypto.Signer) ([][]byte, error) {
	o, err := a.WaitOrder(ctx, kept.URL) // until it is ready, or valid already
	if err != nil {
		return nil, err
	}
	if o.Status == wire.StatusValid {
		return a.FetchCert(ctx, o.CertURL, true)
	}
	// RFC 8555 §7.4: the names are in the request, and nothing else; a common name would be limited to 64 octets.
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: kept.Names}, key)
	if err != nil {
		return nil, err
	}
	o.URI = kept.URL
	chain, _, err := a.CreateCertFromOrder(ctx, o, csr, true)
	return chain, err
}

// take keeps a certificate, and then shows it. The order goes last: found again it leads to the same certificate.
func (m *Manager) take(ctx context.Context, kept order, cert *tls.Certificate) error {
	bundle := slices.Concat(kept.Key, chainPEM(cert.Certificate))
	if err := m.Cache.Put(ctx, keyCert+string(kept.Kind), bundle); err != nil {
		return err
	}
	if err := m.Cache.Delete(ctx, keyOrder); err != nil {
		return err
	}
	m.state.Way = kept.Way
	m.Log.Info("got a certificate", "names", kept.Names, "key", kept.Kind, "way", kept.Way, "until", cert.Leaf.NotAfter, "issuer", cert.Leaf.Issuer)
	return m.show(ctx)
}
