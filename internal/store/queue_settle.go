package store

import (
	"context"
	"fmt"
	"time"

	"buzon/internal/message"
)

// Fate is what became of a recipient.
type Fate uint8

const (
	Delivered Fate = iota + 1 // the next host took it, and is to report on it if asked
	Relayed                   // the next host took it, and knows nothing of reports (RFC 3461 §5.2.2)
	Deferred                  // it is tried again
	Failed                    // refused, or too old
	Dropped                   // by a person here
)

// String is the word for programs.
func (f Fate) String() string {
	words := [...]string{"", "delivered", "relayed", "deferred", "failed", "dropped"}
	if int(f) < len(words) {
		return words[f]
	}
	return ""
}

// Outcome is what became of one job. All but Deferred end it.
type Outcome struct {
	Job    JobID
	Fate   Fate
	Reply  message.Reply // zero keeps what was said before
	Host   string        // who said it
	TLS    string        // for the history
	Next   time.Time     // of Deferred: the next attempt; zero keeps what Claim set
	Warned bool          // of Deferred: its sender was told of the delay
}

// Settle writes what became of jobs and accepts the reports of it, all in one
// transaction: a report is neither lost nor sent twice. A job that is no more,
// because somebody dropped it, is passed over. A report comes into a mailbox
// that is full as well. It fails, and nothing is written, with ErrNoAccount when
// the account of a report was removed meanwhile. Where all jobs are but deferred
// without a report it does not wait for the disk.
func (s *Store) Settle(ctx context.Context, outcomes []Outcome, reports []Incoming) error {
	return wrap("settle", s.settle(ctx, outcomes, reports))
}

func (s *Store) settle(ctx context.Context, outcomes []Outcome, reports []Incoming) error {
	size := int64(0)
	for _, r := range reports {
		size += r.Body.Size()
	}
	leave, err := s.inFlight.enter(ctx, size)
	if err != nil {
		return err
	}
	defer leave()
	var ready []*acceptance
	defer func() {
		for _, p := range ready {
			s.discard(ctx, p.content)
		}
	}()
	room := int64(maxInline)
	for _, r := range reports {
		p, err := s.prepareReport(ctx, r, room)
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		ready = append(ready, p)
		if p.content.staged == 0 {
			room -= p.content.size
		}
	}
	if err := s.writeOutcomes(ctx, outcomes, ready); err != nil {
		return err
	}
	for _, p := range ready {
		p.content.staged = 0 // they are messages now
		s.recent.add(p.arrivals)
	}
	return nil
}

func (s *Store) prepareReport(ctx context.Context, in Incoming, room int64) (*acceptance, error) {
	p, err := plan(in)
	if err != nil {
		return nil, err
	}
	p.overQuota = true
	if p.content, err = s.prepare(ctx, in.Body, room); err != nil {
		return nil, err
	}
	p.makeVariants(in)
	return p, nil
}

func (s *Store) writeOutcomes(ctx context.Context, outcomes []Outcome, reports []*acceptance) error {
	write := s.write
	if len(reports) == 0 && !final(outcomes) {
		write = s.writeLazy
	}
	return write(ctx, func(tx *tx) error {
		if err := settleAll(tx, outcomes); err != nil {
			return err
		}
		for _, p := range reports {
			if err := p.write(tx); err != nil {
				return fmt.Errorf("report: %w", err)
			}
		}
		return nil
	})
}

func final(outcomes []Outcome) bool {
	for _, o := range outcomes {
		if o.Fate != Deferred {
			return true
		}
	}
	return false
}
