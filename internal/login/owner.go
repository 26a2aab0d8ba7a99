package login

import (
	"context"

	"buzon/internal/store"
)

// Owner is Password for a person at the page: app passwords do not open it. Where the page may be shown without TLS is the
// page's to say.
func (d *Door) Owner(ctx context.Context, p Peer, user, password string) (store.Account, error) {
	if err := d.wait(ctx, p, user); err != nil {
		return store.Account{}, err
	}
	acc, err := d.Store.AuthenticateOwner(ctx, user, password)
	if err != nil {
		return store.Account{}, d.refuse(ctx, p, user, err)
	}
	d.admit(p, acc)
	return acc, nil
}
