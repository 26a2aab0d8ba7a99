package queue

import "time"

const (
	// maxBatch is how many jobs are claimed at once.
	maxBatch = 100

	// firstBatch is how many are claimed before a connection is open. Where none can be made they were claimed in vain.
	firstBatch = 10

	// fairShare is how many envelopes a connection sends before it makes room, while all connections are in use.
	fairShare = 100
)

// route is what Route said of a domain.
type route struct {
	key         string
	connections int
}

// routes remembers what Route said. The zero value is ready.
type routes struct {
	known   map[string]route
	since   time.Time
	version int // of what Route and Open go by, counted by Nudge
}

const (
	routesKept = time.Minute
	maxRoutes  = 16 << 10 // domains, some 100 octets each
	askRoutes  = 64       // domains at once
)

// expire forgets what is old, or too much.
func (r *routes) expire(now time.Time) {
	if age := now.Sub(r.since); r.known == nil || age < 0 || age > routesKept || len(r.known) > maxRoutes {
		r.known, r.since = map[string]route{}, now
	}
}

// claim finds the domain that has been due for longest and whose route fits, and puts at most that many of its jobs, one
// envelope at least, into its lane. Else it tells how long there is nothing to do.
func (d *dispatcher) claim(fits func(route) bool, most int) (found bool, wait time.Duration, err error) {
	now := d.now()
	d.routes.expire(now)
	for {
		next, some, err := d.nextDue(now, fits)
		switch {
		case err != nil:
			return false, 0, err
		case !some:
			return false, d.untilUp(now, maxSleep), nil
		case next.After(now):
			return false, d.untilUp(now, min(next.Sub(now), maxSleep)), nil
		}
		b, ok, err := d.Store.Claim(d.ctx, now, d.busy(now, fits, nil), most, d.backoff)
		if err != nil {
			return false, 0, err
		}
		if !ok { // another process was faster
			continue
		}
		l := d.lane(d.routes.known[b.Domain])
		if d.put(l, b) {
			return true, 0, nil
		}
		d.forgetIdle(l)
	}
}

// nextDue is when something falls due that fits. It learns the routes that it needs on the way, outside of the
// store's transaction.
func (d *dispatcher) nextDue(now time.Time, fits func(route) bool) (next time.Time, some bool, err error) {
	for {
		var unknown []string
		next, some, err = d.Store.NextDue(d.ctx, d.busy(now, fits, &unknown))
		if err != nil || len(unknown) == 0 {
			return next, some, err
		}
		for _, domain := range unknown {
			key, connections := d.Route(d.ctx, domain)
			d.routes.known[domain] = route{key, max(connections, 1)}
		}
	}
}

// busy tells the store which domains to pass over. Those of unknown route are noted in unknown; as soon as these are
// many the search ends at one of them.
func (d *dispatcher) busy(now time.Time, fits func(route) bool, unknown *[]string) func(string) bool {
	return func(domain string) bool {
		r, known := d.routes.known[domain]
		if known {
			return d.isDown(r.key, now) || !fits(r)
		}
		if unknown == nil {
			return true
		}
		*unknown = append(*unknown, domain)
		return len(*unknown) < askRoutes
	}
}
