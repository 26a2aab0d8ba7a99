package store

import (
	"context"
)

// Authenticate checks a name (address, or its local part where only one domain exists) and a password: app
// passwords first (cheap), then the account's by argon2id. ErrPassword otherwise, after the same work.
func (s *Store) Authenticate(ctx context.Context, user, password string) (Account, error) {
	return Account{}, errNotYet
}

// ScramKey is one credential of an account in SCRAM-SHA-256 form (RFC 5802 §3). All keys of an account share Salt and Iterations.
type ScramKey struct{ Stored, Server [32]byte }
type Scram struct {
	Account    Account
	Salt       []byte
	Iterations int
	Keys       []ScramKey
	apps       []string // which app password each key belongs to, "" for the account's own
}

// ErrPassword when unknown
func (s *Store) Scram(ctx context.Context, user string) (Scram, error) { return Scram{}, errNotYet }

// ScramUsed notes that key i of a Scram was used to log in.
func (s *Store) ScramUsed(ctx context.Context, c Scram, i int) error { return errNotYet }
