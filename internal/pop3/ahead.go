package pop3

import (
	"context"
	"time"
)

// aheadTime is how long a body that was opened ahead waits for its RETR. A program that fetches a whole maildrop asks within
// milliseconds; a session that is idle holds no buffers.
const aheadTime = time.Second

// ahead opens the body of the next message while its reader is busy with the one before: what a body costs is reading and
// unpacking it, which another processor can do meanwhile. It begins with the second message in a row.
type ahead struct {
	last    int // message sent last
	n       int // message being opened; 0: none
	opening chan opened
	expiry  *time.Timer
}

// opened is a body, or why there is none. Whoever receives it from its channel owns it, and closes the channel.
type opened struct {
	body Body
	err  error
}

// sent notes that message n was sent, and opens the next one when n was not the first in a row.
func (a *ahead) sent(ctx context.Context, d *drop, n int) {
	inRow := n == a.last+1
	a.last = n
	if !inRow || n >= len(d.list) || d.list[n].Body == 0 || d.list[n].has(deleted) {
		return
	}
	a.release()
	opening, maildrop, m := make(chan opened, 1), d.Maildrop, d.list[n]
	go func() {
		body, err := maildrop.Body(ctx, m)
		opening <- opened{body, err}
	}()
	a.n, a.opening = n+1, opening
	a.expiry = time.AfterFunc(aheadTime, func() { discard(opening) })
}

// take gives message n if it was opened ahead and is still there.
func (a *ahead) take(n int) (o opened, ok bool) {
	if a.n != n {
		return opened{}, false
	}
	a.n = 0
	a.expiry.Stop()
	if o, ok = <-a.opening; ok {
		close(a.opening)
	}
	return o, ok
}

// release gives back what was opened and is not wanted after all.
func (a *ahead) release() {
	if a.n != 0 {
		a.n = 0
		a.expiry.Stop()
		discard(a.opening)
	}
}

func discard(opening chan opened) {
	o, ok := <-opening
	if !ok {
		return // somebody else has it
	}
	close(opening)
	if o.err == nil {
		o.body.Release()
	}
}
