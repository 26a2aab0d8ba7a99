package store

import (
	"context"
	"fmt"
	"io"
	"time"

	"zombiezen.com/go/sqlite"
)

// Draft is one message of an APPEND.
type Draft struct {
	Body     *io.SectionReader
	Flags    []string  // system flags "\\Seen" … and keywords
	Received time.Time // INTERNALDATE; zero is now
}

// Append stores drafts in one mailbox, all or none (RFC 3502 §6.3.11), and
// returns their UIDs in order. ErrNoMailbox, ErrOverQuota, ErrBadName, ErrKeywordsFull.
func (s *Store) Append(ctx context.Context, box MailboxID, drafts []Draft) ([]uint32, error) {
	uids, err := s.append(ctx, box, drafts)
	if err != nil {
		return nil, fmt.Errorf("append: %w", err)
	}
	return uids, nil
}

func (s *Store) append(ctx context.Context, box MailboxID, drafts []Draft) (uids []uint32, err error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	size := int64(0)
	for _, d := range drafts {
		size += d.Body.Size()
	}
	leave, err := s.inFlight.enter(ctx, size)
	if err != nil {
		return nil, err
	}
	defer leave()
	a := appending{box: box, list: make([]prepared, 0, len(drafts)), sentCopies: s.Settings().SentCopy}
	defer func() {
		for _, p := range a.list {
			s.discard(ctx, p.content)
		}
	}()
	if err := s.checkAppend(ctx, box, size); err != nil {
		return nil, err
	}
	room := int64(maxInline)
	for _, d := range drafts {
		p, err := s.prepareDraft(ctx, d, room)
		if err != nil {
			return nil, err
		}
		a.list = append(a.list, p)
		if p.content.staged == 0 {
			room -= p.content.size
		}
	}
	if err := s.write(ctx, a.write); err != nil {
		return nil, err
	}
	for _, p := range a.list {
		p.content.staged = 0
	}
	s.recent.add(arrivals{{box, a.uids[0]}})
	return a.uids, nil
}

// checkAppend tells before the work what the transaction would tell after it,
// where the work is worth it.
func (s *Store) checkAppend(ctx context.Context, box MailboxID, size int64) error {
	if size <= maxInline {
		return nil
	}
	return s.read(ctx, func(c *sqlite.Conn) error {
		m, err := mailboxByID(c, box)
		if err != nil {
			return err
		}
		return roomFor(c, m.Account, size)
	})
}

// appending is what one Append will write.
type appending struct {
	box        MailboxID
	list       []prepared
	uids       []uint32
	sentCopies bool      // Settings.SentCopy
	from       MailboxID // that of the message replaced, 0 where there is none
}

type prepared struct {
	content  *content
	variant  *variant
	flags    flagNames
	received time.Time
}

func (s *Store) prepareDraft(ctx context.Context, d Draft, room int64) (prepared, error) {
	flags, err := parseFlags(d.Flags)
	if err != nil {
		return prepared{}, err
	}
	c, err := s.prepare(ctx, d.Body, room)
	if err != nil {
		return prepared{}, err
	}
	v := c.variant(nil)
	v.refs, v.boxed = 1, true
	return prepared{c, v, flags, d.Received}, nil
}

// write is the transaction.
func (a *appending) write(tx *tx) error {
	if err := a.replaceSent(tx); err != nil {
		return err
	}
	ch, err := begin(tx, a.box)
	if err != nil {
		return err
	}
	a.uids = make([]uint32, 0, len(a.list))
	for _, p := range a.list {
		uid, err := p.write(tx, ch)
		if err != nil {
			return err
		}
		a.uids = append(a.uids, uint32(uid))
	}
	if err := a.noteSent(tx); err != nil {
		return err
	}
	if err := noteJunkCame(tx, ch.account, a.from, a.box, a.list); err != nil {
		return err
	}
	return ch.finish(tx)
}

func (p *prepared) write(tx *tx, ch *change) (uid int64, err error) {
	if uid, err = ch.admit(1, p.content.size); err != nil {
		return 0, err
	}
	keywords, err := keywordBits(tx, ch.box, p.flags.keywords, true)
	if err != nil {
		return 0, err
	}
	if err := p.content.write(tx, []*variant{p.variant}); err != nil {
		return 0, err
	}
	thread, err := findThread(tx, ch.account, p.content.threadIDs, p.variant.body)
	if err != nil {
		return 0, err
	}
	received := p.received
	if received.IsZero() {
		received = tx.now
	}
	return uid, ch.insert(tx, uid, newMessage{
		body: p.variant.body, flags: p.flags.system | keywords, received: received.Unix(),
		size: p.content.size, thread: thread,
	})
}
