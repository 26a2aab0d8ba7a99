package queue

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"buzon/internal/store"
)

// While the file cannot be written (a full disk), the connection waits: sending more would send it again and again.
const (
	firstSettleRetry = time.Second
	lastSettleRetry  = time.Minute
)

// settleResults writes down what became of an envelope, with the report to its sender, in one transaction, and logs it. It
// tells whether that is on disk.
func (d *dispatcher) settleResults(q store.Queued, results []result) bool {
	if len(results) == 0 {
		return true
	}
	ctx := context.WithoutCancel(d.ctx)
	outcomes := make([]store.Outcome, len(results))
	for i, r := range results {
		outcomes[i] = r.outcome
	}
	reports := d.reports(ctx, q.Envelope, results)
	for wait := firstSettleRetry; ; wait = min(2*wait, lastSettleRetry) {
		err := d.Store.Settle(ctx, outcomes, reports)
		switch {
		case err == nil:
			d.tell(q.Envelope, results)
			return true
		case len(reports) > 0 && errors.Is(err, store.ErrNoAccount): // removed just now
			d.Log.Warn("report not delivered", "id", q.LogID, "to", q.From, "err", err)
			reports, wait = nil, 0
		default:
			d.complain("write down what became of "+q.LogID, err)
			if errors.Is(err, store.ErrClosed) {
				return false
			}
		}
		select {
		case <-time.After(wait):
		case <-d.sending.Done():
			return false
		}
	}
}

// tell logs one line for each recipient.
func (d *dispatcher) tell(e store.Envelope, results []result) {
	for _, r := range results {
		o := r.outcome
		if d.Count != nil {
			d.Count(o.Fate, e.Size)
		}
		args := []any{"id", e.LogID, "to", r.job.To, "host", o.Host, "reply", o.Reply.String()}
		switch o.Fate {
		case store.Deferred:
			d.Log.Info("deferred", append(args, "attempt", r.job.Attempts, "next", o.Next)...)
		case store.Failed:
			d.Log.Log(d.ctx, slog.LevelWarn, failure(r), append(args, "attempt", r.job.Attempts)...)
		default:
			d.Log.Info("delivered", append(args, "tls", o.TLS)...)
		}
		if r.kind != 0 {
			d.Log.Info("reported", "id", e.LogID, "to", e.From, "about", r.job.To, "kind", r.kind.String())
		}
	}
}

func failure(r result) string {
	if r.status != "" {
		return "gave up"
	}
	return "failed"
}
