package onward

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"buzon/internal/message"
	"buzon/internal/store"
)

// Submit plans a message from one of our own people (RFC 6409). What it refuses is a *message.Reply; other errors are
// ours to mend.
func (d *Desk) Submit(ctx context.Context, acc store.Account, m Mail) (Plan, error) {
	said, err := message.ReadSubmission(m.Body, m.Body.Size())
	if err != nil {
		return Plan{}, fmt.Errorf("read header: %w", err)
	}
	if err := d.ownAuthors(ctx, acc, &said); err != nil {
		return Plan{}, err
	}
	to := addresses(m.To)
	if err := d.allow(ctx, acc, to); err != nil {
		return Plan{}, err
	}
	now := d.Now()
	// RFC 6409 §8: what the message lacks is added, what is nobody's business goes.
	m.Body = message.Without(m.Body, m.Body.Size(), said.Strip)
	added := said.Additions(now, message.NewMessageID(acc.Address.Domain), from(m.From, acc), m.UTF8)
	m.Trace = append(m.Trace, added...)
	in := d.incoming(m)
	in.Submitted = &store.Submitted{Account: acc.ID, To: to}
	if out := submitted(acc, m); len(out.To) > 0 {
		in.Send = append(in.Send, out)
	}
	if err := d.forward(ctx, &in, m); err != nil {
		return Plan{}, err
	}
	if err := d.sign(ctx, &in, &said, acc, added); err != nil {
		return Plan{}, err
	}
	if err := d.keepCopy(ctx, acc, &in); err != nil {
		return Plan{}, err
	}
	return d.plan(in, m), nil
}

// from is the author of a message that names none: whom the envelope names, else the account.
func from(envelope message.Address, acc store.Account) message.Address {
	if envelope.IsZero() {
		return acc.Address
	}
	return envelope
}

func addresses(list []Recipient) []message.Address {
	out := make([]message.Address, len(list))
	for i, r := range list {
		out[i] = r.Address
	}
	return out
}

// ownAuthors holds our people to their own addresses in From and Sender, as the session did for the envelope: what a
// reader sees is what we sign.
func (d *Desk) ownAuthors(ctx context.Context, acc store.Account, said *message.Submission) error {
	if said.FromFields == 0 {
		return nil // we add it
	}
	if said.FromFields > 1 { // RFC 5322 §3.6
		return refuse(554, 5, 6, 0, "The message has more than one From")
	}
	authors, ok := said.Authors()
	if !ok {
		return refuse(554, 5, 6, 0, "The message has no usable From address")
	}
	for _, a := range authors {
		own, err := d.Store.MaySend(ctx, acc.ID, a)
		if err != nil {
			return fmt.Errorf("check author: %w", err)
		}
		if !own {
			return refuse(550, 5, 7, 1, fmt.Sprintf("%s may not send as %s, which is in From or Sender", acc.Address, a))
		}
	}
	return nil
}

// submitted is the envelope to other domains, its recipients those that the sender named, and targets of aliases. The
// sender is ours, so it needs no rewriting.
func submitted(acc store.Account, m Mail) store.Outgoing {
	out := m.outgoing(m.From, acc.ID)
	for _, r := range m.To {
		for _, to := range r.Found.Foreign {
			out.To = append(out.To, r.job(to))
		}
	}
	return out
}

// sign puts DKIM-Signature lines before what leaves, for the domain of the author, which is what DMARC compares (RFC 7489
// §3.1.1).
func (d *Desk) sign(ctx context.Context, in *store.Incoming, said *message.Submission, acc store.Account, added []byte) error {
	if len(in.Send) == 0 {
		return nil
	}
	domain := acc.Address.Domain
	if authors, ok := said.Authors(); ok {
		domain = authors[0].Domain
	}
	lines, err := d.Sign(ctx, domain, message.Join(io.NewSectionReader(bytes.NewReader(added), 0, int64(len(added))), in.Body))
	if err != nil {
		return fmt.Errorf("sign for %s: %w", domain, err)
	}
	for i := range in.Send {
		in.Send[i].Prefix = append(in.Send[i].Prefix, lines...)
	}
	return nil
}

// keepCopy puts a copy into the account's Sent, for those who chose that; one that the program stores as well replaces it.
func (d *Desk) keepCopy(ctx context.Context, acc store.Account, in *store.Incoming) error {
	if !d.Store.Settings().SentCopy {
		return nil
	}
	mailbox, err := d.Store.SentMailbox(ctx, acc.ID)
	if err != nil {
		return err
	}
	in.Deliver = append(in.Deliver, store.Delivery{Account: acc.ID, Mailbox: mailbox, SentCopy: true, Flags: []string{`\Seen`}})
	return nil
}
