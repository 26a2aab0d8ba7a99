package queue

import (
	"slices"
	"time"

	"buzon/internal/store"
)

// outage is a route shared by several domains, such as a relay, that could not be reached. The domains behind it wait
// without attempts of their own. It is not in the file: after a start one attempt finds out anew.
type outage struct {
	until    time.Time
	failures int
	deferred []string // domains whose mail the file has wait for it
}

// maxDeferred bounds what an outage remembers. A round adds one domain at most, and there are four a day.
const maxDeferred = 1000 // domains

// isDown tells whether nothing is to be tried over that route yet.
func (d *dispatcher) isDown(key string, now time.Time) bool {
	o := d.down[key]
	return o != nil && now.Before(o.until)
}

// untilUp shortens wait to the end of the first outage.
func (d *dispatcher) untilUp(now time.Time, wait time.Duration) time.Duration {
	for _, o := range d.down {
		if left := o.until.Sub(now); left > 0 {
			wait = min(wait, left)
		}
	}
	return wait
}

// fails notes that the route could not be reached, and returns when to try again.
func (d *dispatcher) fails(key, domain string, now time.Time) time.Time {
	o := d.down[key]
	if o == nil {
		o = &outage{}
		d.down[key] = o
	}
	o.failures++
	o.until = now.Add(d.backoff(o.failures))
	if !slices.Contains(o.deferred, domain) && len(o.deferred) < maxDeferred {
		o.deferred = append(o.deferred, domain)
	}
	return o.until
}

// forgetOutages tries anew what was down: relays or settings changed.
func (d *dispatcher) forgetOutages() {
	d.routes = routes{version: d.routes.version + 1} // sessions that are open end after their message
	for key, o := range d.down {
		for _, domain := range o.deferred {
			if _, err := d.Store.RetryJobs(d.ctx, store.Selection{Domain: domain}); err != nil {
				d.complain("retry jobs", err)
				return // the rest stays down until its time
			}
		}
		delete(d.down, key)
	}
}
