package queue

import "time"

// RFC 5321 §4.5.4.1 asks for 30 minutes between attempts, and for more attempts in the first hour: most of what fails
// (greylisting, a restart, a line that was down) is over in minutes. The sum of the first nine steps is about 8 hours.
const (
	firstRetry = time.Minute
	lastRetry  = 6 * time.Hour
)

// spread is how far an attempt may lie from its time, as a part of the wait: what failed together, say in a power cut of
// a neighbourhood, should not come back together.
const spread = 0.1

// backoff is how long to wait after the n-th failure in a row, from 1.
func (q *Queue) backoff(n int) time.Duration {
	d := lastRetry
	if n = max(n, 1); n < 10 { // a minute doubled nine times is beyond lastRetry
		d = min(firstRetry<<(n-1), lastRetry)
	}
	return d + time.Duration((2*q.jitter()-1)*spread*float64(d))
}
