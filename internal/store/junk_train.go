package store

import (
	"context"
	"errors"
	"time"

	"zombiezen.com/go/sqlite"
)

// The trainer learns from what people moved, some time after they did: nobody waits for it.

// trainQuiet is how long it waits for more before it begins: people move several messages one after the other.
const trainQuiet = 2 * time.Second

// trainer is the goroutine that works off junk_pending.
type trainer struct {
	bell  chan struct{}
	ctx   context.Context
	end   context.CancelFunc
	ended chan struct{}
	turn  chan struct{} // one token: who learns in this process
}

func newTrainer() *trainer {
	ctx, end := context.WithCancel(context.Background())
	return &trainer{bell: make(chan struct{}, 1), ctx: ctx, end: end, ended: make(chan struct{}), turn: make(chan struct{}, 1)}
}

func (t *trainer) wake() {
	select {
	case t.bell <- struct{}{}:
	default: // already rung
	}
}

// stop ends the goroutine after its transaction; what is left the next Open finds.
func (t *trainer) stop() {
	t.end()
	<-t.ended
}

// take waits for the turn; giveBack must follow where there is no error.
func (t *trainer) take(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *trainer) giveBack() { <-t.turn }

func (s *Store) runTrainer() {
	t := s.trainer
	defer close(t.ended)
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-t.bell:
		}
		if pause(t.ctx, trainQuiet) != nil {
			return
		}
		if err := s.trainJunk(t.ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.log.Error("learning from what was moved into or out of Junk failed", "err", err)
		}
	}
}

// trainJunk works off what is pending now. With junk the newest good mail is learned along: nobody moves that anywhere.
func (s *Store) trainJunk(ctx context.Context) error {
	if err := s.trainer.take(ctx); err != nil {
		return err
	}
	defer s.trainer.giveBack()
	for {
		acc, lessons, err := s.pendingLessons(ctx)
		if err != nil || len(lessons) == 0 {
			return err
		}
		if err := s.learn(ctx, acc, lessons); err != nil {
			return err
		}
		if err := s.learnAlong(ctx, acc); err != nil {
			return err
		}
		if err := pause(ctx, slicePause); err != nil {
			return err
		}
	}
}

// pendingLessons are the next ones, all of one account.
func (s *Store) pendingLessons(ctx context.Context) (acc AccountID, lessons []lesson, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		acc, lessons = 0, nil
		return each(c, `SELECT account, body, spam FROM junk_pending WHERE account = (SELECT min(account) FROM junk_pending) LIMIT ?`,
			func(st *sqlite.Stmt) {
				acc = AccountID(st.ColumnInt64(0))
				lessons = append(lessons, lesson{body: BodyID(st.ColumnInt64(1)), spam: st.ColumnBool(2), pending: true})
			}, maxLessons)
	})
	return acc, lessons, wrap("look for what is to be learned", err)
}
