package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// sweeper is the goroutine that removes dead bodies and the messages of removed
// mailboxes, in slices, when its bell rings.
type sweeper struct {
	bell  chan struct{}
	ctx   context.Context
	end   context.CancelFunc
	ended chan struct{}
}

func newSweeper() *sweeper {
	ctx, end := context.WithCancel(context.Background())
	return &sweeper{bell: make(chan struct{}, 1), ctx: ctx, end: end, ended: make(chan struct{})}
}

func (w *sweeper) wake() {
	select {
	case w.bell <- struct{}{}:
	default: // already rung
	}
}

func (w *sweeper) stop() {
	w.end()
	<-w.ended
}

func (s *Store) runSweeper() {
	w := s.sweeper
	defer close(w.ended)
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.bell:
		}
	}
}

// sweepStaging hands the chunks of bodies that never became messages to the sweeper.
func sweepStaging(c *sqlite.Conn) error {
	return nil
}
