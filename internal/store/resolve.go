package store

import (
	"context"

	"buzon/internal/message"
)

// Resolution is what became of a recipient address.
type Resolution struct {
	Local   []Account         // distinct accounts the mail is delivered to
	Foreign []message.Address // targets in other domains
}

// Resolve follows accounts, plus addresses, aliases (loops cut), postmaster and abuse (of any local domain, or postmaster
// with no domain: alias or account of that name, else the first account), then catch-all. ErrNoAccount: the domain is
// ours and nobody there has that name. ErrNoDomain: not our domain.
func (s *Store) Resolve(ctx context.Context, a message.Address) (Resolution, error) {
	return Resolution{}, errNotYet
}

// MaySend tells whether the account may use a as its sender: its own address, plus addresses of it, aliases that lead to it alone or among others.
func (s *Store) MaySend(ctx context.Context, acc AccountID, a message.Address) (bool, error) {
	return false, errNotYet
}
