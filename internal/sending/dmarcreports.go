package sending

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/verdict"
)

// reportDMARC sends domains what became of mail in their name on days of UTC that are over (RFC 7489 §7.2). A day is
// forgotten once it was reported, as in reportTLS.
func (s *Sending) reportDMARC(ctx context.Context) error {
	from, ok, err := s.reporter(ctx)
	if err != nil || !ok {
		return err
	}
	days, err := s.Store.DMARCDays(ctx)
	if err != nil {
		return err
	}
	today := s.Now().UTC().Format(time.DateOnly)
	var failed []error
	for _, day := range days {
		if day < today {
			failed = append(failed, s.reportDMARCDay(ctx, from, day))
		}
	}
	return errors.Join(failed...)
}

func (s *Sending) reportDMARCDay(ctx context.Context, from message.Address, day string) error {
	counted, err := s.Store.DMARCRows(ctx, day)
	if err != nil {
		return err
	}
	rows := make([]verdict.Row, len(counted))
	for i, r := range counted {
		rows[i] = verdict.Row(r)
	}
	for _, domain := range verdict.AggregateDomains(rows) {
		if err := s.reportDMARCTo(ctx, from, domain, day, rows); err != nil {
			s.Log.Info("DMARC report not sent", "domain", domain, "day", day, "err", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return s.Store.DropDMARC(ctx, day)
}

// reportDMARCTo sends one domain its report, at the addresses that agree to it (RFC 7489 §7.1).
func (s *Sending) reportDMARCTo(ctx context.Context, from message.Address, domain, day string, rows []verdict.Row) error {
	r, err := verdict.NewAggregate(from.Domain, from.String(), domain, day, rows)
	if err != nil {
		return err
	}
	targets, err := verdict.Targets(ctx, s.Resolver, domain, r.Record)
	failed := []error{err}
	for _, to := range targets {
		text, err := r.Mail(from.String(), to.Address.String(), s.Now())
		if err != nil || to.Max > 0 && int64(len(text)) > to.Max { // RFC 7489 §7.2.1.1: none is better than a part
			failed = append(failed, err)
			continue
		}
		failed = append(failed, s.queueReport(ctx, from, to.Address, text, "dmarc"))
	}
	return errors.Join(failed...)
}

// reporter is who sends reports; ok is false where nobody is here yet.
func (s *Sending) reporter(ctx context.Context) (from message.Address, ok bool, err error) {
	domains, err := s.Store.Domains(ctx)
	if err != nil || len(domains) == 0 {
		return from, false, err
	}
	return message.Address{Local: "postmaster", Domain: message.Address{Domain: domains[0].Name}.ASCIIDomain()}, true, nil
}

// queueReport queues a report, signed, under the null sender: nobody wants to hear that it failed.
func (s *Sending) queueReport(ctx context.Context, from, to message.Address, text []byte, id string) error {
	body := io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text)))
	lines, err := s.sign(ctx, from.Domain, body)
	if err != nil {
		return err
	}
	return s.Store.Accept(ctx, store.Incoming{Body: body, LogID: id, Send: []store.Outgoing{{
		Prefix: lines, BodyType: "7BIT", To: []store.Recipient{{Address: to, Notify: message.NotifyNever}},
	}}})
}
