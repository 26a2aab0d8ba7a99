package store

import (
	"context"

	"buzon/internal/message"
)

// Alias sends mail for one address (or, with Local "", for a whole domain: catch-all) to several targets.
type Alias struct {
	Address message.Address
	Targets []message.Address
}

// Adds to what is there
func (s *Store) AddAlias(ctx context.Context, a message.Address, targets []message.Address) error {
	return errNotYet
}
func (s *Store) Aliases(ctx context.Context) ([]Alias, error)             { return nil, errNotYet }
func (s *Store) RemoveAlias(ctx context.Context, a message.Address) error { return errNotYet }
