package dns

import (
	"sync"
	"time"
)

// What the cache may hold. A box with a family's mail asks about some hundred
// names a day; a mailing list's hour is some thousand.
const (
	maxCached       = 2000      // answers
	maxCachedOctets = 512 << 10 // of answers and their names; with the table about twice that in memory
	// maxCachedAnswer keeps the answers of one stranger from pushing out all others, in octets.
	maxCachedAnswer = 8 << 10
	// maxLife and maxNoLife bound how long a mistake of others stays with us. RFC
	// 2308 §5 allows a denial three hours.
	maxLife   = time.Hour
	maxNoLife = 10 * time.Minute
)

// cache keeps answers as they came, so that their size is known to the octet;
// to read one again costs some microseconds.
type cache struct {
	mu      sync.Mutex
	of      string // the servers that the answers are from, as upstream.key
	answers map[question]cached
	octets  int
}

type cached struct {
	answer         []byte
	stored, forget time.Time
}

func (c cached) octets(q question) int { return len(c.answer) + len(q.name) }

// get gives the answer and how long it has been here.
func (c *cache) get(of string, q question, now time.Time) (answer []byte, age time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if of != c.of {
		return nil, 0, false
	}
	e, ok := c.answers[q]
	if !ok {
		return nil, 0, false
	}
	if !now.Before(e.forget) || now.Before(e.stored) { // a clock that was set back tells no age
		c.drop(q, e)
		return nil, 0, false
	}
	return e.answer, now.Sub(e.stored), true
}

// put keeps an answer for its life.
func (c *cache) put(of string, q question, answer []byte, life time.Duration, now time.Time) {
	e := cached{answer: answer, stored: now, forget: now.Add(min(life, maxLife))}
	if life <= 0 || e.octets(q) > maxCachedAnswer {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if of != c.of || c.answers == nil {
		c.of, c.answers, c.octets = of, make(map[question]cached), 0
	}
	if old, ok := c.answers[q]; ok {
		c.drop(q, old)
	}
	c.answers[q] = e
	c.octets += e.octets(q)
	c.trim(now)
}

// trim makes room: first what is past, then anything. Every answer can be had
// again, so it is not worth a list of what was used when.
func (c *cache) trim(now time.Time) {
	if len(c.answers) <= maxCached && c.octets <= maxCachedOctets {
		return
	}
	for q, e := range c.answers {
		if !now.Before(e.forget) {
			c.drop(q, e)
		}
	}
	for q, e := range c.answers {
		// A quarter at once, so that a full cache is not searched at every answer.
		if len(c.answers) <= maxCached*3/4 && c.octets <= maxCachedOctets*3/4 {
			return
		}
		c.drop(q, e)
	}
}

func (c *cache) drop(q question, e cached) {
	delete(c.answers, q)
	c.octets -= e.octets(q)
}
