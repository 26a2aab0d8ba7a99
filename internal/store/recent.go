package store

import (
	"context"
)

// RecentFrom tells the first UID that is \Recent for a session that opens box now; claim makes it the last session to be told (RFC 3501 §2.3.2).
// It lives in memory: no write for a read.
func (s *Store) RecentFrom(ctx context.Context, box MailboxID, claim bool) (uint32, error) {
	return 0, errNotYet
}

// recents is the first \Recent UID of each mailbox; the zero value is ready.
type recents struct{}
