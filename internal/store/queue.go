package store

import (
	"context"
	"time"

	"buzon/internal/message"
)

type Job struct {
	ID           JobID
	Body         BodyID
	From, To     message.Address
	Attempts     int
	Queued, Next time.Time
}

// Claim returns at most n jobs due at now, their next attempt already moved.
func (s *Store) Claim(ctx context.Context, now time.Time, n int) ([]Job, error) {
	return nil, errNotYet
}
func (s *Store) Jobs(ctx context.Context) ([]Job, error) { return nil, errNotYet }
