package queue

import (
	"slices"

	"buzon/internal/store"
)

// lane is the mail on its way over one route. Its connections share what was claimed.
type lane struct {
	route
	ready   bool   // a connection was made: more may be. Until then one alone tries.
	workers int    // connections, counting those that are being made
	lost    int    // connections lost in the middle of a message, in a row
	waiting []item // claimed and not begun, in order
}

// item is one envelope with its recipients in one domain: what one Send takes.
type item struct {
	store.Queued
	domain string
}

// limit is how many connections the lane may have now. One tries first: what is down costs one attempt a round.
func (l *lane) limit() int {
	if !l.ready {
		return 1
	}
	return l.connections
}

// lane finds the lane of a route, or makes it.
func (d *dispatcher) lane(r route) *lane {
	l := d.lanes[r.key]
	if l == nil {
		l = &lane{route: r}
		d.lanes[r.key] = l
	}
	return l
}

// forgetIdle removes a lane without mail and connections.
func (d *dispatcher) forgetIdle(l *lane) {
	if l.workers == 0 && len(l.waiting) == 0 {
		delete(d.lanes, l.key)
	}
}

// hasRoom tells whether mail of that route can be begun.
func (d *dispatcher) hasRoom(r route) bool {
	if d.resting[r.key] {
		return false
	}
	l := d.lanes[r.key]
	return l == nil || len(l.waiting) == 0 && l.workers < l.limit()
}

// put gives the lane what was claimed, and tells whether it was anything: what is being sent already stays with whom it
// is, even if its time came again meanwhile.
func (d *dispatcher) put(l *lane, b store.Batch) bool {
	n := len(l.waiting)
	for _, queued := range b.Queued {
		queued.Jobs = slices.DeleteFunc(queued.Jobs, func(j store.Job) bool { return d.claimed[j.ID] })
		if len(queued.Jobs) == 0 {
			continue
		}
		it := item{queued, b.Domain}
		d.hold(it)
		l.waiting = append(l.waiting, it)
	}
	return len(l.waiting) > n
}

// pop takes the first that waits.
func (l *lane) pop() (item, bool) {
	if len(l.waiting) == 0 {
		return item{}, false
	}
	first := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	return first, true
}

func (d *dispatcher) hold(it item) {
	for _, j := range it.Jobs {
		d.claimed[j.ID] = true
	}
}

func (d *dispatcher) release(it item) {
	for _, j := range it.Jobs {
		delete(d.claimed, j.ID)
	}
}

// done forgets items: the file tells now what became of them.
func (d *dispatcher) done(items ...item) {
	d.state.Lock()
	defer d.state.Unlock()
	for _, it := range items {
		d.release(it)
	}
}

// startWorkers opens connections for what waits, each for an item of its own.
func (d *dispatcher) startWorkers() {
	for _, l := range d.lanes {
		for d.open < maxConnections && l.workers < l.limit() && d.ctx.Err() == nil {
			first, ok := l.pop()
			if !ok {
				break
			}
			l.workers++
			d.open++
			w := &worker{dispatcher: d, lane: l}
			d.workers.Go(func() { w.run(first) })
		}
	}
}
