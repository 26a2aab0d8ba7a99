package trust

import (
	"context"
	"crypto/tls"
	"errors"

	"buzon/internal/acme"
	"buzon/internal/certs"
	"buzon/internal/store"
)

// ErrNoCertificate says that no server has run yet that would have made one.
var ErrNoCertificate = errors.New("there is no certificate yet")

// Signer is the certificate of st by which files may be signed while no server runs: the one that a server would show to
// whoever names nobody. ErrNoCertificate.
func Signer(ctx context.Context, st *store.Store) (*tls.Certificate, error) {
	if s := st.Settings(); s.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(s.CertFile, or(s.KeyFile, s.CertFile))
		if err == nil {
			return &cert, nil
		} // a server goes on with what it has; so do we
	}
	issued, err := acme.Kept(ctx, Cache(st))
	if err != nil {
		return nil, err
	}
	if len(issued) > 0 {
		return issued[0], nil
	}
	house, err := readSelfSigned(ctx, st, keyHouse)
	if err != nil || house != nil {
		return house, err
	}
	old, err := st.Secret(ctx, oldSecret, func() ([]byte, error) { return nil, ErrNoCertificate }) // where a first start keeps it
	if err != nil {
		return nil, err
	}
	return certs.Parse(old)
}
