package queue

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
	_, _, err = w.claim(func(r route) bool { return r.key == w.lane.key }, w.batch())
	return err
}

// end closes the connection and makes its place free.
func (w *worker) end() {
	w.close()
	w.state.Lock()
	w.open--
	w.lane.workers--
	w.forgetIdle(w.lane)
	w.state.Unlock()
	w.ring()
}
