package queue

import (
	"context"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

// maxOverdue is how many jobs are looked at in one go; a job is some 500 octets.
const maxOverdue = 200 // jobs

// overdue warns the senders of mail that waits too long, and gives back what waited to the end, after the way to domain
// was tried and not found. With shared it is for all domains that go the same way: none of them had an attempt.
func (w *worker) overdue(domain string, shared bool, reply message.Reply, host string) {
	if shared {
		domain = ""
	}
	ctx := context.WithoutCancel(w.ctx)
	for w.ctx.Err() == nil {
		settings, now := w.Store.Settings(), w.now()
		late, err := w.Store.Overdue(ctx, domain, now.Add(-settings.WarnAfter), now.Add(-settings.GiveUpAfter), maxOverdue)
		if err != nil {
			w.complain("find what waits too long", err)
			return
		}
		settled := 0
		for _, q := range late {
			if !shared || w.goesSameWay(q) {
				settled += w.late(q, reply, host)
			}
		}
		if settled == 0 {
			return
		}
	}
}

// goesSameWay tells whether the mail is for a domain behind the route of this worker.
func (w *worker) goesSameWay(q store.Queued) bool {
	domain := q.Jobs[0].To.Domain
	w.state.Lock()
	defer w.state.Unlock()
	r, known := w.routes.known[domain]
	if !known {
		r.key, _ = w.Route(w.ctx, domain)
	}
	return r.key == w.lane.key
}

// late settles what is overdue of an envelope, and returns of how many recipients.
func (w *worker) late(q store.Queued, reply message.Reply, host string) int {
	jobs := w.idle(q.Jobs)
	var results []result
	for _, j := range jobs {
		last, by := reply, saidBy{host: host}
		if j.Reply.Code != 0 { // its own last words tell more than that the server is down
			last, by.host = j.Reply, j.Host
		}
		r := w.result(q.Envelope, j, last, by)
		r.outcome.Next = time.Time{} // its next attempt stays where it is
		results = append(results, r)
	}
	if len(results) == 0 || !w.settleResults(q, results) {
		return 0
	}
	return len(results)
}

// idle leaves out the jobs that another connection has: their end is its to tell.
func (w *worker) idle(jobs []store.Job) []store.Job {
	w.state.Lock()
	defer w.state.Unlock()
	var idle []store.Job
	for _, j := range jobs {
		if !w.claimed[j.ID] && !j.Held {
			idle = append(idle, j)
		}
	}
	return idle
}
