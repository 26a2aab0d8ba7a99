package store

import (
	"context"
	"time"
)

type Domain struct {
	Name    string // U-label, lower case
	Created time.Time
}

func (s *Store) AddDomain(ctx context.Context, name string) error { return errNotYet }
func (s *Store) Domains(ctx context.Context) ([]Domain, error)    { return nil, errNotYet }

// ErrInUse while accounts or aliases stand in it
func (s *Store) RemoveDomain(ctx context.Context, name string) error { return errNotYet }
func (s *Store) IsLocalDomain(ctx context.Context, name string) (bool, error) {
	return false, errNotYet
}
