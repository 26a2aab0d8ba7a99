package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"

	"buzon/internal/message"
	"buzon/internal/report"
	"buzon/internal/store"
)

// reports are the reports to the sender of e, if there is anything to tell: one of each kind, however many recipients it
// is about. What keeps one from being made is logged; it does not keep the mail from its end.
func (d *dispatcher) reports(ctx context.Context, e store.Envelope, results []result) (list []store.Incoming) {
	for _, kind := range []report.Kind{report.Failed, report.Delayed, report.Relayed} {
		in, err := d.report(ctx, e, kind, results)
		switch {
		case err != nil:
			d.Log.Error("report not made", "id", e.LogID, "to", e.From, "err", err)
		case in.Body != nil:
			list = append(list, in)
		}
	}
	return list
}

// report is the report of one kind; without a body there is nothing to tell.
func (d *dispatcher) report(ctx context.Context, e store.Envelope, kind report.Kind, results []result) (store.Incoming, error) {
	var recipients []report.Recipient
	for _, r := range results {
		if r.kind == kind {
			recipients = append(recipients, d.recipient(e, r))
		}
	}
	if len(recipients) == 0 {
		return store.Incoming{}, nil
	}
	to, err := d.reader(ctx, e)
	if err != nil {
		return store.Incoming{}, err
	}
	dsn := report.DSN{
		Kind: kind, Language: d.Store.Settings().Language, ReportingMTA: d.Name(),
		EnvID: e.EnvID, Arrival: e.Queued, To: to.address, From: to.reporter, Now: d.now(),
		Recipients: recipients, Original: d.original(ctx, e), HeadersOnly: e.Return == "HDRS", UTF8: e.UTF8,
	}
	mail, err := dsn.Mail()
	if err != nil {
		return store.Incoming{}, err
	}
	in := store.Incoming{Body: mail.Body, Deliver: to.deliver, LogID: newID()}
	if len(to.foreign) > 0 {
		in.Send = []store.Outgoing{{Prefix: d.signature(ctx, mail.Body), UTF8: mail.UTF8, BodyType: mail.BodyType, To: to.foreign}}
	}
	return in, nil
}

// original is what the report is about. Where it cannot be read it is empty: the news is worth more.
func (d *dispatcher) original(ctx context.Context, e store.Envelope) *io.SectionReader {
	body, _, err := d.Store.QueuedBody(ctx, e)
	if err != nil {
		d.Log.Error("original not readable", "id", e.LogID, "err", err)
		return io.NewSectionReader(strings.NewReader(""), 0, 0)
	}
	return body
}

// newID is a name under which the log knows a report.
func newID() string { return strings.ToLower(rand.Text()[:12]) }

// recipient is one recipient's part of the report.
func (d *dispatcher) recipient(e store.Envelope, r result) report.Recipient {
	part := report.Recipient{
		Final: r.job.To, Original: r.job.Original, Status: r.status,
		Diagnostic: r.outcome.Reply, RemoteMTA: r.outcome.Host, Last: d.now(),
	}
	if r.kind == report.Delayed {
		part.WillRetryUntil = d.giveUpAt(e.Queued)
	}
	return part
}

var errNoReader = errors.New("the sender's address leads nowhere")

// reader is who gets a report, and from whom.
type reader struct {
	address  message.Address
	reporter message.Address
	deliver  []store.Delivery  // where the reader is one of ours
	foreign  []store.Recipient // else
}

// reader finds the sender of e: one of ours by its address, and whoever else it was by the account that sent it.
func (d *dispatcher) reader(ctx context.Context, e store.Envelope) (reader, error) {
	to := reader{address: e.From, reporter: message.Address{Local: "MAILER-DAEMON", Domain: d.Name()}}
	if d.Sender != nil {
		if real, ok := d.Sender(ctx, e.From); ok {
			to.address, to.reporter.Domain = real, e.From.Domain
		}
	}
	found, err := d.Store.Resolve(ctx, to.address)
	switch {
	case errors.Is(err, store.ErrNoDomain):
		to.send(to.address)
		return to, nil
	case errors.Is(err, store.ErrNoAccount) && e.Account != 0: // the address is gone, the account is not
		found.Local = []store.Account{{ID: e.Account, Address: e.From}}
	case err != nil:
		return to, err
	}
	to.reporter.Domain = to.address.Domain
	for _, account := range found.Local {
		to.deliver = append(to.deliver, store.Delivery{
			Account: account.ID,
			// RFC 5321 §4.4: the null reverse-path is written down like any other.
			Prefix: []byte(message.ReturnPath(message.Address{}) + message.DeliveredTo(account.Address)),
		})
	}
	for _, a := range found.Foreign { // targets of an alias
		to.send(a)
	}
	for _, f := range found.Forwards { // the reader has its mail sent on
		for _, a := range f.Targets {
			to.send(a)
		}
	}
	if len(to.deliver)+len(to.foreign) == 0 {
		return to, errNoReader
	}
	return to, nil
}

// send queues the report. RFC 3461 §6.1: nobody wants to hear of its own fate.
func (r *reader) send(a message.Address) {
	r.foreign = append(r.foreign, store.Recipient{Address: a, Notify: store.NotifyNever})
}

// signature is the DKIM lines of a report, nil where there are none.
func (d *dispatcher) signature(ctx context.Context, body *io.SectionReader) []byte {
	if d.Sign == nil {
		return nil
	}
	lines, err := d.Sign(ctx, body)
	if err != nil { // unsigned it may still arrive
		d.Log.Warn("report not signed", "err", err)
		return nil
	}
	return lines
}
