package sending

import (
	"context"
	"time"
)

// daily does what is due once a day, and at the start, until ctx is over.
func (s *Sending) daily(ctx context.Context) {
	for {
		if err := s.ring.Care(ctx, func(domain string) { s.Log.Info("signing with new DKIM keys", "domain", domain) }); err != nil && ctx.Err() == nil {
			s.Log.Warn("care of DKIM keys failed", "err", err)
		}
		if err := s.reportTLS(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("reports of TLS failed", "err", err)
		}
		if err := s.reportDMARC(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("reports of DMARC failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(untilReports(s.Now())):
		}
	}
}

// reportHour is when the day of UTC that ended is reported: RFC 8460 §4.1 asks not to do it at midnight, as all do.
const reportHour = 2 * time.Hour

// untilReports is how long it is until the next time. A power cut in between does not matter: a day is reported when it is
// over, whenever that is noticed.
func untilReports(now time.Time) time.Duration {
	now = now.UTC()
	next := now.Truncate(24 * time.Hour).Add(reportHour)
	if !next.After(now) {
		next = next.Add(24 * time.Hour)
	}
	return next.Sub(now)
}
