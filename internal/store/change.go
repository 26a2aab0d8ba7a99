package store

import (
	"errors"
	"fmt"
	"math"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// change is what one transaction does to a mailbox: all messages it touches
// share one modseq, and the counters are written once, by finish.
type change struct {
	box         MailboxID
	account     AccountID
	uidValidity uint32
	uidNext     int64
	modSeq      int64 // of this change
	quota, used int64 // of the account; used is 0 where there is no quota
	messages    int64 // of the account
	limit       int64 // how many it may have
	by          counts
}

// counts are the counters of a mailbox, or what is added to them.
type counts struct{ total, unseen, deleted, size int64 }

func (c *counts) add(flags Flags, size int64) {
	c.total++
	c.size += size
	if flags&Seen == 0 {
		c.unseen++
	}
	if flags&Deleted != 0 {
		c.deleted++
	}
}

func (c *counts) plus(o counts, sign int64) {
	c.total += sign * o.total
	c.unseen += sign * o.unseen
	c.deleted += sign * o.deleted
	c.size += sign * o.size
}

const usedOctets = `CASE WHEN a.quota > 0 THEN (SELECT sum(size) FROM mailbox WHERE account = a.id) ELSE 0 END`

// begin opens a mailbox for a change, or tells ErrNoMailbox.
func begin(tx *tx, box MailboxID) (*change, error) {
	ch := &change{box: box, limit: tx.limits.Messages}
	found, err := one(tx.Conn, `SELECT m.account, m.uidvalidity, m.uidnext, m.modseq, a.quota, `+usedOctets+`,
		(SELECT sum(total) FROM mailbox WHERE account = a.id)
		FROM mailbox m JOIN account a ON a.id = m.account WHERE m.id = ?+0 AND m.noselect = 0`, func(st *sqlite.Stmt) {
		ch.account = AccountID(st.ColumnInt64(0))
		ch.uidValidity = uint32(st.ColumnInt64(1))
		ch.uidNext = st.ColumnInt64(2)
		ch.modSeq = st.ColumnInt64(3) + 1
		ch.quota, ch.used = st.ColumnInt64(4), st.ColumnInt64(5)
		ch.messages = st.ColumnInt64(6)
	}, int64(box))
	if err == nil && !found {
		err = ErrNoMailbox
	}
	return ch, err
}

// errUIDsSpent is about 4 billion messages away (RFC 3501 §2.3.1.1 has 32 bits).
var errUIDsSpent = errors.New("the mailbox has no UIDs left")

// admit gives n new messages of size octets in all their UIDs, from the one
// returned on. ErrOverQuota.
func (ch *change) admit(n int, size int64) (first int64, err error) {
	if ch.quota > 0 && ch.used+size > ch.quota {
		return 0, ErrOverQuota
	}
	if ch.messages+int64(n) > ch.limit {
		return 0, fmt.Errorf("%w: more than %d messages", ErrOverQuota, ch.limit)
	}
	ch.used += size
	ch.messages += int64(n)
	return ch.number(n)
}

// number gives n messages their UIDs, from the one returned on.
func (ch *change) number(n int) (first int64, err error) {
	if ch.uidNext+int64(n) > math.MaxUint32 {
		return 0, errUIDsSpent
	}
	first = ch.uidNext
	ch.uidNext += int64(n)
	return first, nil
}

// newMessage is a message that comes into a mailbox.
type newMessage struct {
	body     BodyID
	flags    Flags
	received int64 // seconds since 1970
	size     int64 // octets, prefix included
	thread   ThreadID
}

// insert adds a message whose octets admit has let in, under a UID it gave.
func (ch *change) insert(tx *tx, uid int64, m newMessage) error {
	ch.by.add(m.flags, m.size)
	return run(tx.Conn, `INSERT INTO msg(mailbox, uid, body, modseq, flags, idate, savedate, size, thread) VALUES(?,?,?,?,?,?,?,?,?)`,
		int64(ch.box), uid, int64(m.body), ch.modSeq, int64(m.flags), m.received, tx.now.Unix(), m.size, int64(m.thread))
}

// vanish notes UIDs that are no more.
func (ch *change) vanish(tx *tx, uids uidset.Set) error {
	for _, r := range uids.Ranges() {
		err := run(tx.Conn, `INSERT INTO vanished(mailbox, modseq, lo, hi) VALUES(?, ?, ?, ?)`,
			int64(ch.box), ch.modSeq, int64(r.Lo), int64(r.Hi))
		if err != nil {
			return err
		}
	}
	return nil
}

// finish writes the mailbox and has its bells rung after the commit.
func (ch *change) finish(tx *tx) error {
	tx.touch(ch.account, ch.box)
	return run(tx.Conn, `UPDATE mailbox SET modseq = ?, uidnext = ?,
		total = total + ?, unseen = unseen + ?, deleted = deleted + ?, size = size + ? WHERE id = ?`,
		ch.modSeq, ch.uidNext, ch.by.total, ch.by.unseen, ch.by.deleted, ch.by.size, int64(ch.box))
}
