package store

import (
	"context"
	"time"

	"buzon/internal/message"
)

// Account is one person's mail. Quota and Used are octets; Quota 0 is none.
type Account struct {
	ID          AccountID
	Address     message.Address
	Quota, Used int64
	Messages    int64
	Created     time.Time
}

// AddAccount makes the account with INBOX, Drafts, Sent, Junk, Trash and Archive (special use set, subscribed).
func (s *Store) AddAccount(ctx context.Context, a message.Address, password string) (Account, error) {
	return Account{}, errNotYet
}
func (s *Store) Accounts(ctx context.Context) ([]Account, error) { return nil, errNotYet }
func (s *Store) Account(ctx context.Context, a message.Address) (Account, error) {
	return Account{}, errNotYet
}
func (s *Store) SetPassword(ctx context.Context, a message.Address, password string) error {
	return errNotYet
}
func (s *Store) SetQuota(ctx context.Context, a message.Address, octets int64) error {
	return errNotYet
}

// Its mail goes to the dead list
func (s *Store) RemoveAccount(ctx context.Context, a message.Address) error { return errNotYet }
