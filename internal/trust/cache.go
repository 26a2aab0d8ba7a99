package trust

import (
	"context"

	"golang.org/x/crypto/acme/autocert"

	"buzon/internal/store"
)

// Cache is what the manager keeps, in the one file.
func Cache(st *store.Store) autocert.Cache { return cache{st} }

type cache struct{ store *store.Store }

// Get implements autocert.Cache.
func (c cache) Get(ctx context.Context, key string) ([]byte, error) {
	value, _, found, err := c.store.ACME(ctx, key)
	if err == nil && !found {
		err = autocert.ErrCacheMiss
	}
	return value, err
}

// Put implements autocert.Cache; the value is on disk when it returns.
func (c cache) Put(ctx context.Context, key string, data []byte) error {
	return c.store.KeepACME(ctx, key, data)
}

// Delete implements autocert.Cache.
func (c cache) Delete(ctx context.Context, key string) error { return c.store.DropACME(ctx, key) }
