package store

import (
	"context"

	"buzon/internal/uidset"
)

// Expunge removes the messages of uids that have \Deleted (all: whether or not they have it) and returns which.
func (s *Store) Expunge(ctx context.Context, box MailboxID, uids uidset.Set, all bool) (uidset.Set, error) {
	return uidset.Set{}, errNotYet
}
