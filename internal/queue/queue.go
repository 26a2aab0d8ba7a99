package queue

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
	"buzon/internal/store"
)

// Queue sends. Its exported fields are set before Run and not changed. Store, Open, Route, Name and Log are needed.
type Queue struct {
	Store *store.Store

	// Open makes a connection for mail to domain (U-labels, lower case). Its error says why there is none: with a
	// *message.Reply in it, 5xx fails the mail of the domain for good and anything else has it wait. The session ends
	// with Close; ctx is for the opening alone.
	Open func(ctx context.Context, domain string) (Session, error)

	// Route tells what mail to domain shares connections with: domains with the same key go over the same sessions and
	// are unreachable together; such a key is not itself a domain of theirs. At most connections are open for it at once.
	// Answers are kept for a minute, or until Nudge. It must not wait for the network.
	Route func(ctx context.Context, domain string) (key string, connections int)

	// Name is this server's name, in reports.
	Name func() string

	// Sign makes the DKIM-Signature lines, each with its CRLF, for a message that has none that fit: a report of ours,
	// or a body that the next server wanted converted. Nil, and where it fails, the message goes unsigned.
	Sign func(ctx context.Context, body *io.SectionReader) ([]byte, error)

	// Sender gives who really wrote, where from is an address of our domain that stands for another (SRS): reports go
	// there. Nil: every sender is who it says.
	Sender func(ctx context.Context, from message.Address) (message.Address, bool)

	// Count hears what became of each recipient, and of how many octets of mail, for the counters. May be nil.
	Count func(fate store.Fate, octets int64)

	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now
	Jitter func() float64   // in [0, 1), for the back-off; nil: math/rand/v2
	Grace  time.Duration    // how long what is being sent may go on when Run is told to stop

	once sync.Once
	wake chan struct{} // a bell with one token: a connection ended, opened, or the world changed

	mu     sync.Mutex
	nudged bool

	share int // of tests; 0: fairShare
}

// Session is one connection over which mail leaves. It serves one goroutine at a time; *outbound.Session is one.
type Session interface {
	// Send sends one envelope and gives one reply a recipient, in the order of m.To. An error means that the connection
	// was lost on the way; replies are then what is known.
	Send(ctx context.Context, m smtpclient.Mail) ([]message.Reply, error)
	Usable() bool    // may another be sent
	Host() string    // who answered, for the history
	TLS() string     // how safely, for the history; "" not at all
	RelaysDSN() bool // does it take over what RFC 3461 asks, so that reports of success are its business
	Close()
}

// Nudge tells that relays or settings changed: what could not be reached is tried again at once. It may be called at any
// time, from anywhere.
func (q *Queue) Nudge() {
	q.mu.Lock()
	q.nudged = true
	q.mu.Unlock()
	q.ring()
}

// takeNudge tells whether there was a Nudge since the last call.
func (q *Queue) takeNudge() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	nudged := q.nudged
	q.nudged = false
	return nudged
}

func (q *Queue) bell() chan struct{} {
	q.once.Do(func() { q.wake = make(chan struct{}, 1) })
	return q.wake
}

func (q *Queue) ring() {
	select {
	case q.bell() <- struct{}{}:
	default: // already rung
	}
}

// maySend is how many envelopes a connection sends before it makes room for others.
func (q *Queue) maySend() int { return cmp.Or(q.share, fairShare) }

// batch is how many jobs are claimed at once: what is claimed is sent, so not more than the share.
func (q *Queue) batch() int { return min(maxBatch, q.maySend()) }

func (q *Queue) now() time.Time {
	if q.Now == nil {
		return time.Now()
	}
	return q.Now()
}

func (q *Queue) jitter() float64 {
	if q.Jitter == nil {
		return rand.Float64()
	}
	return q.Jitter()
}
