package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Incoming is one message to accept whole or not at all.
type Incoming struct {
	From    message.Address
	Body    *io.SectionReader // the octets as they arrived
	Prefix  []byte            // header lines put before them for every recipient (Return-Path, Received); may be nil
	Deliver []Delivery
	Send    []Outgoing // queued for other domains in the same transaction
	LogID   string     // under which the log knows it

	Submitted *Submitted      // set for what an account of ours submitted: counts it
	Answered  *VacationAnswer // set for a vacation answer: notes it
}

// Delivery is one recipient's copy. The body is held once for all of them.
type Delivery struct {
	Account AccountID
	Mailbox string   // "" is INBOX; made and subscribed when missing
	Prefix  []byte   // header lines before Incoming.Prefix for this recipient alone (Delivered-To)
	Flags   []string // set from the start

	// SentCopy is for the mailbox of sent mail (Store.SentMailbox): the copy that
	// the sender's program stores itself takes its place, before or after.
	SentCopy bool
}

var errNobody = errors.New("there is nobody to give the message to")

// Accept stores the message for all recipients or none, synced to disk on
// return, then rings the bells. An account that is named twice gets one copy,
// and one of what it sent itself.
// ErrOverQuota and ErrNoAccount are the caller's to report.
func (s *Store) Accept(ctx context.Context, in Incoming) error {
	if err := s.accept(ctx, in); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	return nil
}

func (s *Store) accept(ctx context.Context, in Incoming) error {
	p, err := plan(in)
	if err != nil {
		return err
	}
	if in.Body.Size() > maxInline { // a large message is worth a look first
		if err := s.checkRoom(ctx, p, in.Body.Size()); err != nil {
			return err
		}
	}
	leave, err := s.inFlight.enter(ctx, in.Body.Size())
	if err != nil {
		return err
	}
	defer leave()
	p.content, err = s.prepare(ctx, in.Body, maxInline)
	if err != nil {
		return err
	}
	defer s.discard(ctx, p.content)
	p.makeVariants(in)
	if err := s.write(ctx, p.write); err != nil {
		return err
	}
	p.content.staged = 0 // it is a message now
	s.recent.add(p.arrivals)
	return nil
}

// acceptance is what one Accept will write.
type acceptance struct {
	content  *content
	variants []*variant
	local    []localCopy
	send     []outgoing
	logID    string
	arrivals arrivals

	overQuota bool // it comes in even where the mailbox is full

	submitted *Submitted
	answered  *VacationAnswer
}

// localCopy is one account's copy.
type localCopy struct {
	Delivery
	flags   flagNames
	variant *variant
}

// plan checks what needs no look into the file.
func plan(in Incoming) (*acceptance, error) {
	p := &acceptance{logID: in.LogID, submitted: in.Submitted, answered: in.Answered}
	for _, d := range in.Deliver {
		if slices.ContainsFunc(p.local, func(c localCopy) bool { return c.Account == d.Account && c.SentCopy == d.SentCopy }) {
			continue
		}
		if d.Mailbox == "" {
			d.Mailbox = inbox
		}
		var err error
		if d.Mailbox, err = mailboxName(d.Mailbox); err != nil {
			return nil, err
		}
		c := localCopy{Delivery: d}
		if c.flags, err = parseFlags(d.Flags); err != nil {
			return nil, err
		}
		p.local = append(p.local, c)
	}
	var err error
	if p.send, err = planSend(in.Send); err != nil {
		return nil, err
	}
	if len(p.local) == 0 && len(p.send) == 0 {
		return nil, errNobody
	}
	return p, nil
}

// makeVariants finds the distinct prefixes. An envelope is one reference,
// whatever the number of its recipients.
func (p *acceptance) makeVariants(in Incoming) {
	for i := range p.local {
		p.local[i].variant = p.variant(slices.Concat(p.local[i].Prefix, in.Prefix))
		p.local[i].variant.refs++
		p.local[i].variant.boxed = true
	}
	for i := range p.send {
		p.send[i].variant = p.variant(slices.Concat(p.send[i].Prefix, in.Prefix))
		p.send[i].variant.refs++
	}
}

func (p *acceptance) variant(prefix []byte) *variant {
	for _, v := range p.variants {
		if bytes.Equal(v.prefix, prefix) {
			return v
		}
	}
	v := p.content.variant(prefix)
	p.variants = append(p.variants, v)
	return v
}

// write is the transaction.
func (p *acceptance) write(tx *tx) error {
	if err := p.submitted.write(tx); err != nil {
		return err
	}
	if err := p.answered.write(tx); err != nil {
		return err
	}
	if err := p.content.write(tx, p.variants); err != nil {
		return err
	}
	p.arrivals = p.arrivals[:0]
	for i := range p.local {
		if err := p.deliver(tx, &p.local[i]); err != nil {
			return err
		}
	}
	for i := range p.send {
		if err := p.enqueue(tx, &p.send[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *acceptance) deliver(tx *tx, c *localCopy) error {
	if there, err := p.sentAlready(tx, c); err != nil || there {
		return err
	}
	ch, err := beginDelivery(tx, c.Account, c.Mailbox)
	if err != nil {
		return err
	}
	keywords, err := keywordBits(tx, ch.box, c.flags.keywords, true)
	if err != nil {
		return err
	}
	thread, err := findThread(tx, c.Account, p.content.threadIDs, c.variant.body)
	if err != nil {
		return err
	}
	m := newMessage{
		body: c.variant.body, flags: c.flags.system | keywords, received: tx.now.Unix(),
		size: p.content.size + int64(len(c.variant.prefix)), thread: thread,
	}
	admit := ch.admit
	if p.overQuota {
		admit = func(n int, _ int64) (int64, error) { return ch.number(n) }
	}
	uid, err := admit(1, m.size)
	if err != nil {
		return err
	}
	if err := ch.insert(tx, uid, m); err != nil {
		return err
	}
	if c.SentCopy {
		if err := noteSent(tx, ch.box, p.content, uid, true); err != nil {
			return err
		}
	}
	p.arrivals = append(p.arrivals, arrival{ch.box, uint32(uid)})
	return ch.finish(tx)
}

// beginDelivery opens the mailbox of that name for a change, and makes it when missing.
func beginDelivery(tx *tx, acc AccountID, name string) (*change, error) {
	id, found, err := findBox(tx, acc, name)
	if err != nil {
		return nil, err
	}
	if !found {
		if id, err = createMailbox(tx, acc, name, ""); err != nil {
			return nil, err
		}
		if err = subscribe(tx, acc, name, true); err != nil { // else its owner would not see it
			return nil, err
		}
	}
	return begin(tx, id)
}

// findBox is findMailbox for the path that every delivery takes: the id alone.
func findBox(tx *tx, acc AccountID, name string) (id MailboxID, found bool, err error) {
	st, err := tx.Prepare(`SELECT id FROM mailbox WHERE account = ? AND name = ? AND noselect = 0`)
	if err != nil {
		return 0, false, err
	}
	st.BindInt64(1, int64(acc))
	st.BindText(2, name)
	found, err = st.Step()
	if err != nil || !found {
		return 0, false, err
	}
	id = MailboxID(st.ColumnInt64(0))
	return id, true, st.Reset()
}

// checkRoom tells before the work what the transaction would tell after it.
func (s *Store) checkRoom(ctx context.Context, p *acceptance, size int64) error {
	return s.read(ctx, func(c *sqlite.Conn) error {
		for _, d := range p.local {
			if err := roomFor(c, d.Account, size); err != nil {
				return err
			}
		}
		return nil
	})
}

// roomFor gives ErrOverQuota when an account has no room for size octets.
func roomFor(c *sqlite.Conn, acc AccountID, size int64) error {
	over := false
	found, err := one(c, `SELECT quota > 0 AND ? + `+usedOctets+` > quota FROM account a WHERE id = ?`,
		func(st *sqlite.Stmt) { over = st.ColumnBool(0) }, size, int64(acc))
	switch {
	case err != nil:
		return err
	case !found:
		return ErrNoAccount
	case over:
		return ErrOverQuota
	}
	return nil
}
