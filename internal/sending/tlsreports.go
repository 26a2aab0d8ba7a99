package sending

import (
	"context"
	"errors"
	"time"

	"buzon/internal/message"
	"buzon/internal/outbound"
)

// reportDays is how far back days are reported that were over while the box was off.
const reportDays = 7

// reportTLS sends the reports of TLS for days of UTC that are over (RFC 8460). A day is forgotten once it was reported; a
// crash before that sends reports twice, under the same ids.
func (s *Sending) reportTLS(ctx context.Context) error {
	from, ok, err := s.reporter(ctx)
	if err != nil || !ok {
		return err
	}
	var failed []error
	for back := reportDays; back > 0; back-- {
		day := s.Now().UTC().AddDate(0, 0, -back).Format(time.DateOnly)
		failed = append(failed, s.reportDay(ctx, from, day))
	}
	return errors.Join(failed...)
}

func (s *Sending) reportDay(ctx context.Context, from message.Address, day string) error {
	counted, err := s.Store.TLSResults(ctx, day)
	if err != nil || len(counted) == 0 {
		return err
	}
	results := make([]outbound.TLSResult, len(counted))
	for i, r := range counted {
		results[i] = outbound.TLSResult(r)
	}
	for _, domain := range outbound.Domains(results) {
		if err := s.reportDomain(ctx, from, domain, day, results); err != nil {
			s.Log.Info("TLS report not sent", "domain", domain, "day", day, "err", err) // there is no second try (RFC 8460 §5.5 has one day)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return s.Store.DropTLSResults(ctx, day)
}

// reportDomain sends one domain its report, if it wants any.
func (s *Sending) reportDomain(ctx context.Context, from message.Address, domain, day string, results []outbound.TLSResult) error {
	targets, err := s.Sender.ReportsTo(ctx, domain)
	if err != nil || len(targets) == 0 {
		return err
	}
	r, err := outbound.NewTLSReport(from.Domain, from.String(), domain, day, results)
	if err != nil {
		return err
	}
	var failed []error
	for _, to := range targets {
		if to.HTTPS != "" {
			failed = append(failed, s.Sender.PostReport(ctx, to.HTTPS, r))
			continue
		}
		failed = append(failed, s.mailReport(ctx, from, to.Mail, r))
	}
	return errors.Join(failed...)
}

// mailReport queues a report by mail (RFC 8460 §5.3).
func (s *Sending) mailReport(ctx context.Context, from, to message.Address, r *outbound.TLSReport) error {
	text, err := r.Mail(from.String(), to.String(), s.Now())
	if err != nil {
		return err
	}
	return s.queueReport(ctx, from, to, text, "tlsrpt")
}
