package acme

import "time"

// How long to wait after failures. Let's Encrypt counts 5 failed validations of
// a name an hour with the real service, and hundreds with the one for trying
// (letsencrypt.org/docs/rate-limits).
const (
	trialFirst, trialMost     = time.Minute, 6 * time.Hour
	lookFirst, lookMost       = time.Minute, 15 * time.Minute // costs questions to DNS alone
	serviceFirst, serviceMost = time.Minute, time.Hour        // it was down, perhaps with our line
	realFirst, realMost       = 20 * time.Minute, 24 * time.Hour
	limitLeast                = time.Hour
	waitingEvery              = 30 * time.Second // for a person at a page
)

// pause is how long to wait after the nth failure in a row of the kind.
func (p *Problem) pause(n int) time.Duration {
	switch p.Code {
	case Waiting:
		return waitingEvery
	case RateLimited:
		return max(p.retryIn, limitLeast, doubled(limitLeast, realMost, n))
	case NotInDNS, DNSSilent, Elsewhere, Private, NoWay:
		if p.Way == "" { // seen by ourselves, not by the authority
			return doubled(lookFirst, lookMost, n)
		}
	case ServiceDown, WrongClock:
		return doubled(serviceFirst, serviceMost, n)
	}
	if p.Trial {
		return doubled(trialFirst, trialMost, n)
	}
	return doubled(realFirst, realMost, n)
}

// doubled is first, then twice that, and so on up to most.
func doubled(first, most time.Duration, n int) time.Duration {
	d := first
	for ; n > 1 && d < most; n-- {
		d *= 2
	}
	return min(d, most)
}

// jittered is d and up to a tenth more, so that all boxes of the world do not come at once.
func (m *Manager) jittered(d time.Duration) time.Duration {
	return d + time.Duration(m.Random()*float64(d)/10)
}
