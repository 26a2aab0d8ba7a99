package store

import (
	"context"
)

// Care removes what is dead in slices, gives pages back, optimises; it stops with ctx. Called nightly and after big removals.
func (s *Store) Care(ctx context.Context) error { return errNotYet }

// Backup writes a consistent copy to path (VACUUM INTO), which must not exist.
func (s *Store) Backup(ctx context.Context, path string) error { return errNotYet }
