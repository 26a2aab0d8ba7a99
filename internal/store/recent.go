package store

import (
	"context"
	"sync"

	"zombiezen.com/go/sqlite"
)

// arrival is the first of the messages that one write brought into a mailbox.
type arrival struct {
	box MailboxID
	uid uint32
}

type arrivals []arrival

// recents is the first \Recent UID of each mailbox that was opened or got mail
// since the process started; the zero value is ready.
type recents struct {
	mu   sync.Mutex
	from map[MailboxID]recent
}

type recent struct {
	uid     uint32
	claimed bool
}

// RecentFrom tells the first UID that is \Recent for a session that opens box
// now; claim makes it the last session to be told (RFC 3501 §2.3.2). It lives in
// memory: no write for a read. After a start what was saved since then is
// recent until the first claim.
func (s *Store) RecentFrom(ctx context.Context, box MailboxID, claim bool) (uint32, error) {
	var next uint32
	err := s.read(ctx, func(c *sqlite.Conn) error {
		found, err := one(c, `SELECT uidnext FROM mailbox WHERE id = ?`,
			func(st *sqlite.Stmt) { next = uint32(st.ColumnInt64(0)) }, int64(box))
		if err == nil && !found {
			err = ErrNoMailbox
		}
		return err
	})
	if err != nil {
		return 0, wrap("recent", err)
	}
	return s.recent.tell(box, next, claim), nil
}

// tell answers RecentFrom for a mailbox whose next UID is next.
func (r *recents) tell(box MailboxID, next uint32, claim bool) uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := next
	if known, ok := r.from[box]; ok {
		from = known.uid
	}
	if claim {
		r.set(box, recent{max(next, from), true})
	}
	return from
}

// add notes arrivals once they are committed. Two writes may come here in
// either order; a claim stands above both, as it read UIDs already given.
func (r *recents) add(list arrivals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range list {
		known, ok := r.from[a.box]
		if a.uid != 0 && (!ok || !known.claimed && a.uid < known.uid) {
			r.set(a.box, recent{a.uid, false})
		}
	}
}

func (r *recents) set(box MailboxID, v recent) {
	if r.from == nil {
		r.from = make(map[MailboxID]recent)
	}
	r.from[box] = v
}

func (r *recents) drop(box MailboxID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.from, box)
}
