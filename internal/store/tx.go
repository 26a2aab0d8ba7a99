package store

import (
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/config"
)

// tx is one request's part of the writer's transaction.
type tx struct {
	*sqlite.Conn
	now    time.Time
	limits *config.Limits

	touched []touch
	after   []func()
	litters bool
	queues  bool
	teaches bool
}

type touch struct {
	acc AccountID
	box MailboxID
}

// touch notes that box of acc changed: its bells ring after the commit. box 0
// stands for the account's list of mailboxes.
func (t *tx) touch(acc AccountID, box MailboxID) {
	if box == 0 {
		box = MailboxID(-acc) // so that two accounts in one group do not share a key in ring
	}
	t.touched = append(t.touched, touch{acc, box})
}

// onCommit notes what to do in the writer's goroutine once this is on disk. f must not block.
func (t *tx) onCommit(f func()) { t.after = append(t.after, f) }

// litter notes that there is something for the sweeper: a dead body, or the messages of a mailbox that is gone.
func (t *tx) litter() { t.litters = true }

// queue notes that a job may be due earlier than before: the queue's bells ring after the commit.
func (t *tx) queue() { t.queues = true }

// teach notes that there is something for the junk filter to learn.
func (t *tx) teach() { t.teaches = true }
