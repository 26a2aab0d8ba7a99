package onward

import (
	"context"
	"errors"
	"fmt"

	"buzon/internal/message"
	"buzon/internal/report"
	"buzon/internal/store"
)

// plan is what there is to do, the reports of success yet to be made: they tell of what Accept has done.
func (d *Desk) plan(in store.Incoming, m Mail) Plan { return Plan{Incoming: in, mail: m} }

// Accepted sends the reports that senders asked for and the answers of people who are away. The message is accepted by
// then, whatever happens here: so what fails is logged and not returned. The message must still be readable.
func (d *Desk) Accepted(ctx context.Context, p Plan) {
	if p.accepted != nil {
		p.accepted()
	}
	if p.mail.From.IsZero() {
		return // RFC 3461 §5.2, RFC 3834 §2
	}
	for what, send := range map[string]func(context.Context, Plan) error{"report success": d.reportSuccess, "answer": d.answer} {
		if err := send(ctx, p); err != nil {
			d.Log.Error("cannot "+what, "id", p.mail.ID, "to", p.mail.From, "err", err)
		}
	}
}

// reportSuccess tells the sender of recipients whose mail is in its mailbox, or was handed on to several (RFC 3461 §5.2).
func (d *Desk) reportSuccess(ctx context.Context, p Plan) error {
	var done []report.Recipient
	for _, r := range p.mail.To {
		if kind := r.success(); kind != 0 && report.Wanted(r.Notify, kind, p.mail.From) {
			done = append(done, report.Recipient{Final: r.Address, Original: r.Original, Action: kind, Status: "2.1.5"})
		}
	}
	if len(done) == 0 {
		return nil
	}
	domain := done[0].Final.Domain
	dsn := report.DSN{
		Kind: done[0].Action, Language: d.Store.Settings().Language, ReportingMTA: d.Name(), EnvID: p.mail.EnvID,
		Arrival: d.Now(), Recipients: done, To: p.mail.From, From: d.robot(domain), Now: d.Now(),
		Original: p.mail.reader(), HeadersOnly: true, UTF8: p.mail.UTF8, // RFC 3461 §4.3: the text is for failures
	}
	mail, err := dsn.Mail()
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return d.send(ctx, store.Incoming{LogID: p.mail.ID}, mail, domain, p.mail.From)
}

// success is what a report can tell of the recipient now; 0 when the queue will tell.
func (r *Recipient) success() report.Kind {
	switch {
	case r.places() > 1:
		return report.Expanded
	case len(r.Found.Local) == 1:
		return report.Delivered
	}
	return 0
}

// send gives a message of the box, written in one of our domains, under the null sender to an address here or elsewhere.
func (d *Desk) send(ctx context.Context, in store.Incoming, mail report.Mail, domain string, to message.Address) error {
	found, err := d.Store.Resolve(ctx, to)
	switch {
	case errors.Is(err, store.ErrNoDomain):
		found = store.Resolution{Foreign: []message.Address{to}}
	case errors.Is(err, store.ErrNoAccount):
		return nil // nobody is there to hear it
	case err != nil:
		return err
	}
	for _, acc := range found.Local {
		in.Deliver = append(in.Deliver, store.Delivery{Account: acc.ID, Prefix: []byte(message.ReturnPath(message.Address{}))})
	}
	targets := found.Foreign
	for _, f := range found.Forwards {
		targets = append(targets, f.Targets...)
	}
	if len(targets) > 0 {
		out := store.Outgoing{UTF8: mail.UTF8, BodyType: mail.BodyType}
		for _, t := range targets {
			out.To = append(out.To, store.Recipient{Address: t, Notify: message.NotifyNever}) // RFC 3464 §2: no reports about reports
		}
		if out.Prefix, err = d.Sign(ctx, domain, mail.Body); err != nil {
			return fmt.Errorf("sign for %s: %w", domain, err)
		}
		in.Send = append(in.Send, out)
	}
	in.Body = mail.Body
	return d.Store.Accept(ctx, in)
}
