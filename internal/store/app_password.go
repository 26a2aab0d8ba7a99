package store

import (
	"context"
	"time"

	"buzon/internal/message"
)

// AppPassword is a random password for one device; the secret itself is told once.
type AppPassword struct {
	Name     string
	Created  time.Time
	LastUsed time.Time // to the hour; zero: never
}

func (s *Store) AddAppPassword(ctx context.Context, a message.Address, name string) (secret string, err error) {
	return "", errNotYet
}
func (s *Store) AppPasswords(ctx context.Context, a message.Address) ([]AppPassword, error) {
	return nil, errNotYet
}
func (s *Store) RemoveAppPassword(ctx context.Context, a message.Address, name string) error {
	return errNotYet
}
