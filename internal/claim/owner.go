package claim

import (
	"context"
	"log/slog"
	"sync/atomic"

	"buzon/internal/store"
)

// Owner is whether the box has one, which is that it has a domain.
type Owner struct {
	store *store.Store
	log   *slog.Logger
	known atomic.Bool
}

// NewOwner makes one; known says that there is an owner whatever the store has.
func NewOwner(st *store.Store, known bool, log *slog.Logger) *Owner {
	o := &Owner{store: st, log: log}
	o.known.Store(known)
	return o
}

// Known tells whether there is an owner. Who took the last domain away is still it, for this Owner.
func (o *Owner) Known() bool {
	if o.known.Load() {
		return true
	}
	domains, err := o.store.Domains(context.Background())
	if err != nil {
		o.log.Error("cannot tell whether the box has an owner", "err", err)
	}
	if len(domains) > 0 {
		o.known.Store(true)
	}
	return len(domains) > 0
}

// Await lasts until there is an owner. The error is that ctx was over first.
func (o *Owner) Await(ctx context.Context) error {
	house := o.store.WatchHouse()
	defer house.Stop()
	for !o.Known() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-house.C:
		}
	}
	return nil
}
