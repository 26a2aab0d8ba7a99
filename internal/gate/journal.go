package gate

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"buzon/internal/store"
)

// journal collects what is to be written and writes it in batches, so that an attack does not wear the card: one write in
// ten seconds, of what differs.
type journal struct {
	store Store
	log   *slog.Logger
	rung  chan struct{} // there is something to write

	mu        sync.Mutex
	refusals  map[refusalKey]*store.Refusal
	acquaints map[acquaintKey]bool // whether DMARC passed
	lost      int                  // refusals for which there was no room
}

type refusalKey struct{ client, sender, recipient, reason string }

type acquaintKey struct{ source, domain string }

const (
	journalEvery = 10 * time.Second
	journalRows  = 500             // of each kind; half a KB each. What is beyond is counted, and in the log anyway
	journalTime  = 5 * time.Second // for one write
)

func newJournal(st Store, log *slog.Logger) *journal {
	return &journal{store: st, log: log, rung: make(chan struct{}, 1)}
}

// refused adds a refusal, or counts one that is there.
func (j *journal) refused(r store.Refusal) {
	j.mu.Lock()
	defer j.mu.Unlock()
	k := refusalKey{r.Client, r.Sender, r.Recipient, r.Reason}
	if have := j.refusals[k]; have != nil {
		have.Times++
		have.At = r.At
		return
	}
	if len(j.refusals) >= journalRows {
		j.lost++
		return
	}
	if j.refusals == nil {
		j.refusals = make(map[refusalKey]*store.Refusal)
	}
	j.refusals[k] = &r
	j.ring()
}

// acquaint adds an acquaintance.
func (j *journal) acquaint(a store.Acquaintance) {
	j.mu.Lock()
	defer j.mu.Unlock()
	k := acquaintKey{a.Source, a.Domain}
	passed, there := j.acquaints[k]
	if !there && len(j.acquaints) >= journalRows {
		return // it will bring mail again
	}
	if j.acquaints == nil {
		j.acquaints = make(map[acquaintKey]bool)
	}
	j.acquaints[k] = passed || a.Passed
	j.ring()
}

func (j *journal) ring() {
	select {
	case j.rung <- struct{}{}:
	default: // already rung
	}
}

// run writes until ctx is over, and then what is left.
func (j *journal) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			j.write(ctx)
			return
		case <-j.rung:
		}
		more := time.NewTimer(journalEvery)
		select {
		case <-ctx.Done():
		case <-more.C:
		}
		more.Stop()
		j.write(ctx)
	}
}

// write writes what there is, also when ctx is over. What fails is lost: it was in the log, or comes again.
func (j *journal) write(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalTime)
	defer cancel()
	refusals, acquaintances, lost := j.take()
	if lost > 0 {
		j.log.Warn("too many refusals to list them all", "lost", lost)
	}
	if len(refusals) > 0 {
		if err := j.store.AddRefusals(ctx, refusals); err != nil {
			j.log.Error("cannot list refusals", "err", err)
		}
	}
	if len(acquaintances) > 0 {
		if err := j.store.KeepAcquaintances(ctx, acquaintances); err != nil {
			j.log.Error("cannot keep acquaintances", "err", err)
		}
	}
}

// take empties the journal.
func (j *journal) take() (refusals []store.Refusal, acquaintances []store.Acquaintance, lost int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.refusals {
		refusals = append(refusals, *r)
	}
	for k, passed := range j.acquaints {
		acquaintances = append(acquaintances, store.Acquaintance{Source: k.source, Domain: k.domain, Passed: passed})
	}
	lost = j.lost
	j.refusals, j.acquaints, j.lost = nil, nil, 0
	return refusals, acquaintances, lost
}
