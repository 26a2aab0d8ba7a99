package queue

import (
	"time"

	"buzon/internal/message"
	"buzon/internal/report"
	"buzon/internal/store"
)

// saidBy is where a reply came from; zero is ourselves.
type saidBy struct {
	host, tls string
	dsn       bool // it reports success itself
}

// result is what became of one recipient, and what the sender is told about it.
type result struct {
	job     store.Job
	outcome store.Outcome
	kind    report.Kind // zero: nothing
	status  string      // for the report; "" is that of the reply
}

// result turns a reply into the fate of a job (RFC 5321 §4.2.1: the first digit decides).
func (d *dispatcher) result(e store.Envelope, j store.Job, reply message.Reply, by saidBy) result {
	r := result{job: j, outcome: store.Outcome{Job: j.ID, Reply: reply, Host: by.host, TLS: by.tls, Warned: j.Warned}}
	switch {
	case reply.Code/100 == 2:
		d.taken(&r, by)
	case reply.Code/100 == 5:
		r.outcome.Fate, r.kind = store.Failed, report.Failed
	default:
		d.waits(&r, e)
	}
	if !report.Wanted(message.Notify(j.Notify), r.kind, e.From) {
		r.kind = 0
	}
	return r
}

// taken is for who has the message now: a server that knows RFC 3461 tells the sender of its success, for another we say
// that it went there (§5.2.2).
func (d *dispatcher) taken(r *result, by saidBy) {
	r.outcome.Fate = store.Delivered
	if !by.dsn {
		r.outcome.Fate, r.kind = store.Relayed, report.Relayed
	}
}

// waits is for who may be reached later: unless it has been too long.
func (d *dispatcher) waits(r *result, e store.Envelope) {
	now, settings := d.now(), d.Store.Settings()
	age := now.Sub(e.Queued)
	switch {
	case age >= settings.GiveUpAfter:
		r.outcome.Fate, r.kind = store.Failed, report.Failed
		r.status = "4.4.7" // RFC 3463 §3.5: delivery time expired
		return
	case age >= settings.WarnAfter && !r.job.Warned:
		r.outcome.Warned, r.kind = true, report.Delayed
	}
	r.outcome.Fate = store.Deferred
	r.outcome.Next = now.Add(d.backoff(r.job.Attempts))
}

// giveUpAt is when mail that was queued then goes back.
func (d *dispatcher) giveUpAt(queued time.Time) time.Time {
	return queued.Add(d.Store.Settings().GiveUpAfter)
}
