package store

import (
	"context"

	"buzon/internal/uidset"
)

// Copied tells of COPY and MOVE which UIDs became which, pairwise in ascending order (RFC 4315 §3).
type Copied struct {
	UIDValidity uint32
	From, To    uidset.Set
}

func (s *Store) Copy(ctx context.Context, src MailboxID, uids uidset.Set, dst MailboxID) (Copied, error) {
	return Copied{}, errNotYet
}
func (s *Store) Move(ctx context.Context, src MailboxID, uids uidset.Set, dst MailboxID) (Copied, error) {
	return Copied{}, errNotYet
}
