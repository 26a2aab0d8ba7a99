package smtpconn

import "time"

// arm sets the deadline of the next read.
func (c *Conn) arm() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mode != commands {
		return c.Conn.SetReadDeadline(c.bodyDeadline(time.Now()))
	}
	if c.draining {
		return errDrained
	}
	deadline := c.asked.Add(c.opt.Idle) // of the whole command: octets that drip do not renew it
	if c.isOld(deadline) {
		deadline = c.born.Add(c.opt.Lifetime)
	}
	if last := c.born.Add(c.opt.UntrustedTime); !c.trusted && c.opt.UntrustedTime > 0 && last.Before(deadline) {
		deadline = last
	}
	return c.Conn.SetReadDeadline(deadline)
}

// bodyDeadline is when the next octet of a body must be here.
func (c *Conn) bodyDeadline(now time.Time) time.Time {
	deadline := now.Add(c.opt.Data)
	if c.opt.Rate <= 0 {
		return deadline
	}
	due := time.Duration(c.arrived) * time.Second / time.Duration(c.opt.Rate)
	if average := c.asked.Add(c.opt.Data + due); average.Before(deadline) {
		return average
	}
	return deadline
}

// isOld tells whether the connection will have lasted long enough at t.
func (c *Conn) isOld(t time.Time) bool {
	return c.opt.Lifetime > 0 && !t.Before(c.born.Add(c.opt.Lifetime))
}
