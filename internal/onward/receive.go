package onward

import (
	"context"
	"errors"
	"fmt"
	"io"

	"buzon/internal/message"
	"buzon/internal/report"
	"buzon/internal/store"
)

// Receive plans a message from the world. What it refuses is a *message.Reply; other errors are ours to mend.
func (d *Desk) Receive(ctx context.Context, m Mail) (Plan, error) {
	in := d.incoming(m)
	if err := d.alias(ctx, &in, m); err != nil {
		return Plan{}, err
	}
	if err := d.forward(ctx, &in, m); err != nil {
		return Plan{}, err
	}
	return d.plan(in, m), nil
}

// incoming is the message with its copies for our own people, one for each account, by the first address that led to it.
func (d *Desk) incoming(m Mail) store.Incoming {
	in := store.Incoming{From: m.From, Body: m.Body, Prefix: m.Trace, LogID: m.ID}
	seen := map[store.AccountID]bool{}
	path := message.ReturnPath(m.From)
	for _, r := range m.To {
		for _, acc := range r.Found.Local {
			if !seen[acc.ID] {
				seen[acc.ID] = true
				in.Deliver = append(in.Deliver, store.Delivery{Account: acc.ID, Prefix: []byte(path + message.DeliveredTo(r.Address))})
			}
		}
	}
	return in
}

// outgoing is the message under a sender, for recipients yet to be added.
func (m *Mail) outgoing(from message.Address, acc store.AccountID) store.Outgoing {
	return store.Outgoing{
		From: from, Account: acc, EnvID: m.EnvID, Return: m.Return, RequireTLS: m.RequireTLS, UTF8: m.UTF8, BodyType: m.BodyType,
	}
}

// job is the recipient as the queue has it, to being where it really goes.
func (r *Recipient) job(to message.Address) store.Recipient {
	notify := r.Notify
	if r.places() > 1 { // RFC 3461 §5.2.7.3: we tell that it was expanded, not what became of each
		notify &^= message.NotifySuccess
	}
	return store.Recipient{Address: to, Notify: notify, Original: r.original()}
}

// places is how many mailboxes and addresses elsewhere the recipient leads to.
func (r *Recipient) places() int {
	n := len(r.Found.Local) + len(r.Found.Foreign)
	for _, f := range r.Found.Forwards {
		n += len(f.Targets)
	}
	return n
}

// original is the address that the sender knows: RFC 3461 §4.2 lets us say it where the sender did not.
func (r *Recipient) original() string {
	if r.Original != "" {
		return r.Original
	}
	kind := "rfc822;"
	if !r.Address.ASCII() {
		kind = "utf-8;" // RFC 6533 §3
	}
	return kind + r.Address.String()
}

// alias sends on what goes to an alias with targets in other domains.
func (d *Desk) alias(ctx context.Context, in *store.Incoming, m Mail) error {
	for _, r := range m.To {
		if len(r.Found.Foreign) == 0 {
			continue
		}
		if err := d.sendOn(ctx, in, m, &r, 0, r.Found.Foreign); err != nil {
			return err
		}
	}
	return nil
}

// forward sends on what goes to accounts whose owners want that.
func (d *Desk) forward(ctx context.Context, in *store.Incoming, m Mail) error {
	seen := map[store.AccountID]bool{}
	for _, r := range m.To {
		for _, f := range r.Found.Forwards {
			if seen[f.Account] {
				continue
			}
			seen[f.Account] = true
			if err := d.sendOn(ctx, in, m, &r, f.Account, f.Targets); err != nil {
				return err
			}
		}
	}
	return nil
}

// sendOn queues the message for targets that r leads to.
func (d *Desk) sendOn(ctx context.Context, in *store.Incoming, m Mail, r *Recipient, acc store.AccountID, targets []message.Address) error {
	guard := report.Guard{Secret: d.Secret}
	circle, err := guard.Seen(m.Body, m.Body.Size(), r.Address)
	if err != nil {
		return fmt.Errorf("look for loops: %w", err)
	}
	if circle {
		return refuse(554, 5, 4, 6, fmt.Sprintf("This message came back to %s, which sends it on; it goes in a circle", r.Address))
	}
	from, err := d.rewrite(ctx, m.From, r.Address.Domain)
	if err != nil {
		return err
	}
	out := m.outgoing(from, acc)
	out.Prefix = guard.Line(r.Address)
	for _, to := range targets {
		out.To = append(out.To, r.job(to))
	}
	in.Send = append(in.Send, out)
	return nil
}

// rewrite gives a message that is sent on a sender in our own domain (SRS): in the name of others we may not send it.
func (d *Desk) rewrite(ctx context.Context, from message.Address, domain string) (message.Address, error) {
	if from.IsZero() {
		return from, nil
	}
	own, err := d.Store.IsLocalDomain(ctx, from.Domain)
	if err != nil || own {
		return from, err
	}
	to, err := d.srs(domain).Forward(from)
	if errors.Is(err, report.ErrSRSLong) { // then the reports come to us
		return d.robot(domain), nil
	}
	return to, err
}

// srs rewrites senders for a domain of ours.
func (d *Desk) srs(domain string) report.SRS {
	return report.SRS{Secret: d.Secret, Domain: domain, Now: d.Now}
}

// Bounced tells to whom a bounce that came for address belongs, when address is a sender that we made for a message that
// was sent on. Only the null sender may write to such an address: it would pass on anything.
func (d *Desk) Bounced(ctx context.Context, address message.Address) (found store.Resolution, ok bool) {
	if !report.IsSRS(address) {
		return found, false
	}
	sender, err := d.srs(address.Domain).Reverse(address)
	if err != nil {
		return found, false
	}
	own, err := d.Store.IsLocalDomain(ctx, address.Domain)
	if err != nil || !own {
		return found, false
	}
	return store.Resolution{Foreign: []message.Address{sender}}, true
}

// reader reads the message from its start, whoever else reads it.
func (m *Mail) reader() *io.SectionReader { return io.NewSectionReader(m.Body, 0, m.Body.Size()) }
