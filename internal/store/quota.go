package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// Quota is what an account uses and may use; Octets 0 means that there is no limit to them.
type Quota struct {
	Octets, UsedOctets       int64
	Messages, UsedMessages   int64
	Mailboxes, UsedMailboxes int64
}

// Quota reads what an account uses. The counters are the mailboxes' own, so there is nothing to scan.
func (s *Store) Quota(ctx context.Context, acc AccountID) (Quota, error) {
	q := Quota{Messages: s.limits.Messages, Mailboxes: s.limits.Mailboxes}
	err := s.read(ctx, func(c *sqlite.Conn) error {
		found, err := one(c, `SELECT a.quota, ifnull(sum(m.size), 0), ifnull(sum(m.total), 0), count(m.id)
			FROM account a LEFT JOIN mailbox m ON m.account = a.id WHERE a.id = ? GROUP BY a.id`, func(st *sqlite.Stmt) {
			q.Octets, q.UsedOctets = st.ColumnInt64(0), st.ColumnInt64(1)
			q.UsedMessages, q.UsedMailboxes = st.ColumnInt64(2), st.ColumnInt64(3)
		}, int64(acc))
		if err == nil && !found {
			err = ErrNoAccount
		}
		return err
	})
	return q, wrap("quota", err)
}

// DeletedSize is the octets of the messages with \Deleted in a mailbox. It
// scans, so callers look at Mailbox.Deleted first.
func (s *Store) DeletedSize(ctx context.Context, box MailboxID) (int64, error) {
	var size int64
	err := s.read(ctx, func(c *sqlite.Conn) error {
		_, err := one(c, `SELECT ifnull(sum(size), 0) FROM msg WHERE mailbox = ?+0 AND flags & ? <> 0`,
			func(st *sqlite.Stmt) { size = st.ColumnInt64(0) }, int64(box), int64(Deleted))
		return err
	})
	return size, wrap("size of what is deleted", err)
}
