package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// maxUnseenLook is how many messages are looked at from either end for the first one that is not seen.
const maxUnseenLook = 500 // about 0.1 ms each way

// FirstUnseen is the lowest UID without \Seen; 0 when all are seen, or when it
// cannot be told cheaply: there is no index of flags. Most people's unread mail is the newest, or nearly all of it.
func (s *Store) FirstUnseen(ctx context.Context, box MailboxID) (uid uint32, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		unseen, err := number(c, `SELECT unseen FROM mailbox WHERE id = ?`, box)
		if err != nil || unseen == 0 {
			return err
		}
		if uid, err = firstUnseenFromEnd(c, box, unseen); err != nil || uid != 0 {
			return err
		}
		return lookAtFlags(c, `SELECT uid, flags FROM msg WHERE mailbox = ?+0 ORDER BY uid`, box, func(u uint32, flags Flags) bool {
			if flags&Seen == 0 {
				uid = u
			}
			return uid == 0
		})
	})
	return uid, wrap("look for the first unseen message", err)
}

// firstUnseenFromEnd counts backwards: the last of so many unseen messages is the first.
func firstUnseenFromEnd(c *sqlite.Conn, box MailboxID, unseen int64) (uid uint32, err error) {
	if unseen > maxUnseenLook {
		return 0, nil
	}
	err = lookAtFlags(c, `SELECT uid, flags FROM msg WHERE mailbox = ?+0 ORDER BY uid DESC`, box, func(u uint32, flags Flags) bool {
		if flags&Seen == 0 {
			unseen--
		}
		if unseen == 0 {
			uid = u
		}
		return uid == 0
	})
	return uid, err
}

// lookAtFlags gives f at most maxUnseenLook messages, until it returns false.
func lookAtFlags(c *sqlite.Conn, query string, box MailboxID, f func(uid uint32, flags Flags) bool) error {
	st, err := prepare(c, query, []int64{int64(box)})
	if err != nil {
		return err
	}
	for range maxUnseenLook {
		more, err := st.Step()
		if err != nil || !more {
			return err
		}
		if !f(uint32(st.ColumnInt64(0)), Flags(st.ColumnInt64(1))) {
			break
		}
	}
	return st.Reset()
}
