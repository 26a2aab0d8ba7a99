package queue

import (
	"context"
	"time"

	"buzon/internal/message"
)

// worker is one connection: the goroutine that opens it, sends over it while there is mail for it, and closes it.
type worker struct {
	*dispatcher
	lane    *lane
	session Session // nil before it is open and once it was closed
	version int     // of settings and relays, when it was opened
	domain  string  // of the last item
	reached string  // the domain that is known to take mail now
	sent    int     // envelopes
}

// maxLost is how many connections may be lost in the middle of a message, in a row, until the rest of the mail waits:
// one may be the message's fault, or bad luck.
const maxLost = 2

func (w *worker) run(it item) {
	defer w.end()
	for ok := true; ok; {
		if ok = w.handle(it); ok {
			it, ok = w.next()
		}
	}
}

// handle does what can be done for it now, and tells whether this worker goes on.
func (w *worker) handle(it item) bool {
	err := w.connect(it.domain)
	if err != nil && w.ctx.Err() != nil {
		return false // not tried: stop gives it back
	}
	if err != nil {
		reply, host := explain(err)
		if reply.Code/100 == 5 {
			return w.refused(it, reply, host)
		}
		return w.unreachable(it, reply, host)
	}
	return w.deliver(it)
}

// connect opens the session, if there is none that still serves.
func (w *worker) connect(domain string) error {
	w.state.Lock()
	version := w.routes.version
	w.state.Unlock()
	if w.session != nil && w.session.Usable() && w.version == version {
		return nil
	}
	w.close()
	s, err := w.Open(w.ctx, domain)
	if err != nil {
		return err
	}
	w.session, w.version = s, version
	w.state.Lock()
	w.lane.ready = true
	w.state.Unlock()
	w.ring() // now others may connect too
	return nil
}

func (w *worker) close() {
	if w.session != nil {
		w.session.Close()
		w.session = nil
	}
}

// next is the next item for this connection. Claiming it is part of the answer, so that a connection stays while there
// is mail for it, and no longer.
func (w *worker) next() (item, bool) {
	w.state.Lock()
	defer w.state.Unlock()
	if w.ctx.Err() != nil {
		return item{}, false
	}
	if len(w.lane.waiting) > 0 {
		return w.lane.pop()
	}
	if w.open >= maxConnections && w.sent >= w.maySend() { // others may wait for a connection
		w.resting[w.lane.key] = true
		return item{}, false
	}
	if err := w.refill(); err != nil {
		w.complain("claim more jobs", err)
	}
	return w.lane.pop()
}

// refill claims for the lane: first more for the same domain, then for others on the same way.
func (w *worker) refill() error {
	b, ok, err := w.Store.ClaimMore(w.ctx, w.domain, w.now(), w.batch(), w.backoff)
	if err != nil || ok && w.put(w.lane, b) {
		return err
	}
	if w.lane.key == w.domain { // nobody else's
		return nil
	}
	_, _, err = w.claim(func(r route) bool { return r.key == w.lane.key })
	return err
}

// end closes the connection and makes its place free.
func (w *worker) end() {
	w.close()
	w.state.Lock()
	w.open--
	w.lane.workers--
	if w.lane.workers == 0 && len(w.lane.waiting) == 0 {
		delete(w.lanes, w.lane.key)
	}
	w.state.Unlock()
	w.ring()
}

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
