package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// tx is one request's part of the writer's transaction.
type tx struct {
	*sqlite.Conn
	now     time.Time
	touched map[MailboxID]AccountID
}

// touch notes that box of acc changed: its bells ring after the commit. box 0 stands for the account's list of mailboxes.
func (t *tx) touch(acc AccountID, box MailboxID) {
	if t.touched == nil {
		t.touched = make(map[MailboxID]AccountID)
	}
	t.touched[box] = acc
}

// write runs f in the single writer's transaction; it returns once the commit is on disk.
func (s *Store) write(ctx context.Context, f func(tx *tx) error) error { return errNotYet }

// writeLazy is write for what may be lost in a power cut.
func (s *Store) writeLazy(ctx context.Context, f func(tx *tx) error) error { return errNotYet }
