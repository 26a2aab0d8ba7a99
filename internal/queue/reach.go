package queue

import (
	"context"
	"time"

	"buzon/internal/message"
)

// maxLost is how many connections may be lost in the middle of a message, in a row, until the rest of the mail waits:
// one may be the message's fault, or bad luck.
const maxLost = 2

// judge looks what the exchange tells about the connection and the domain.
func (w *worker) judge(domain string, replies []message.Reply, err error) bool {
	if w.sending.Err() != nil {
		return false
	}
	if err == nil && w.session.Usable() || anyFinal(replies) {
		w.works(domain)
		return true
	}
	w.state.Lock()
	w.lane.lost++
	lost := w.lane.lost
	w.state.Unlock()
	if lost < maxLost {
		return true
	}
	host := w.session.Host()
	w.close()
	return w.unreachable(item{domain: domain}, replies[0], host)
}

// anyFinal tells whether somebody's fate is known: then the server works, whatever it did to the connection afterwards.
func anyFinal(replies []message.Reply) bool {
	for _, r := range replies {
		if isFinal(r) {
			return true
		}
	}
	return false
}

// isFinal: RFC 5321 §4.2.1.
func isFinal(r message.Reply) bool { return r.Code/100 == 2 || r.Code/100 == 5 }

// unreachable has the mail of the domain wait for its next round, and all that goes the same way with it. Where others
// of the lane are connected it is only one connection too many.
func (w *worker) unreachable(it item, reply message.Reply, host string) bool {
	w.state.Lock()
	l := w.lane
	if l.workers > 1 {
		if len(it.Jobs) > 0 {
			l.waiting = append([]item{it}, l.waiting...)
		}
		l.ready = false // those that are connected are enough
		w.state.Unlock()
		return false
	}
	l.ready, l.lost = false, 0
	waiting := append([]item{it}, l.waiting...)
	l.waiting = nil
	shared := l.key != it.domain
	var next time.Time
	if shared {
		next = w.fails(l.key, it.domain, w.now())
	}
	w.state.Unlock()
	w.postpone(it.domain, next, reply, host)
	w.done(waiting...)
	w.overdue(it.domain, shared, reply, host)
	return false
}

// postpone writes down that the domain could not be reached. A zero next is by its own failures.
func (w *worker) postpone(domain string, next time.Time, reply message.Reply, host string) {
	ctx := context.WithoutCancel(w.ctx)
	failures, _, err := w.Store.Destination(ctx, domain)
	if next.IsZero() {
		next = w.now().Add(w.backoff(failures + 1))
	}
	if err == nil {
		err = w.Store.DeferDomain(ctx, domain, next, reply, host)
	}
	if err != nil {
		w.complain("defer "+domain, err) // its jobs wait as their claim left them
	}
	w.Log.Warn("unreachable", "domain", domain, "host", host, "reply", reply.String(), "failures", failures+1, "next", next)
}

// works notes that the domain takes mail.
func (w *worker) works(domain string) {
	w.state.Lock()
	w.lane.lost = 0
	delete(w.down, w.lane.key)
	w.state.Unlock()
	if w.reached == domain {
		return
	}
	if err := w.Store.DomainReached(context.WithoutCancel(w.ctx), domain); err != nil {
		w.complain("note that "+domain+" was reached", err)
		return
	}
	w.reached = domain
}
