package login

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"time"

	"buzon/internal/config"
	"buzon/internal/limit"
	"buzon/internal/store"
)

// Options of New; all of it is needed.
type Options struct {
	Store  *store.Store
	Limits config.Limits
	Leaf   func(*tls.ConnectionState) *x509.Certificate // as of Door
	Now    func() time.Time
	Log    *slog.Logger
}

// fakeSalt is the secret (store.Secret) that is a Door's FakeKey.
const fakeSalt = "scram.fake-salt"

// New makes the door of a store, with the guard that its limits describe.
func New(ctx context.Context, o Options) (*Door, error) {
	fake, err := o.Store.Secret(ctx, fakeSalt, func() ([]byte, error) {
		salt := make([]byte, 32)
		_, err := rand.Read(salt)
		return salt, err
	})
	if err != nil {
		return nil, err
	}
	guard := &limit.Guard{
		Free:     o.Limits.LoginsFree,
		Base:     o.Limits.LoginDelay,
		Max:      o.Limits.LoginDelayMax,
		HalfLife: o.Limits.LoginForget,
		Trust:    o.Limits.LoginTrust,
		Entries:  o.Limits.LoginEntries,
		Now:      o.Now,
	}
	return &Door{Store: o.Store, Guard: guard, Leaf: o.Leaf, FakeKey: fake, Log: o.Log}, nil
}
