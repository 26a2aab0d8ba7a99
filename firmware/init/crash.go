package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"buzon/firmware/internal/owned"
	"buzon/firmware/internal/supervise"
)

// crashes are the unasked ends of Buzon.
type crashes struct {
	mu     sync.Mutex
	n      int
	last   time.Time // that was written to the card
	latest time.Time // whether written or not
}

func (c *crashes) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// when the last one was; zero: there was none.
func (c *crashes) when() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// Of a Buzon that ends again and again, the first ends are written, and then one an hour: a card must not wear out by it.
const (
	firstCrashes = 3
	crashEvery   = time.Hour
)

// worth counts one more and tells whether it is written to the card.
func (c *crashes) worth(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.latest = now
	if c.n > firstCrashes && now.Sub(c.last) < crashEvery {
		return false
	}
	c.last = now
	return true
}

// crashSize is how much of the log is kept of a crash, in octets.
const crashSize = 32 << 10

// crashed keeps the last lines on the card.
func (b *box) crashed(reason string) {
	if !b.crashes.worth(time.Now()) || b.noData != nil {
		return
	}
	lines := b.ring.Bytes()
	lines = lines[max(0, len(lines)-crashSize):]
	text := fmt.Sprintf("%s Buzon %s: %s\n\n%s", time.Now().UTC().Format(time.RFC3339), b.identity.Version, reason, lines)
	if err := owned.Write(crashFile, []byte(text), 0o640); err != nil {
		b.log.Error("cannot keep the last lines", "err", err)
		return
	}
	if err := os.Lchown(crashFile, 0, supervise.User); err != nil {
		b.log.Warn("Buzon cannot read its last lines", "err", err)
	}
}
