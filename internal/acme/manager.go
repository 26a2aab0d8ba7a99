package acme

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/acme/autocert"
)

// Manager gets certificates and keeps them fresh. Make one with New, and let Run have it.
type Manager struct {
	Options

	state State
	saved []byte             // the state as it is on disk
	certs []*tls.Certificate // those we have, EC first
	cried time.Time          // when it was last told that one has ended
}

// New makes one; nothing is asked before Run.
func New(o Options) *Manager { return &Manager{Options: o} }

const (
	maxSleep  = time.Hour   // the clock may be put forward meanwhile
	minSleep  = time.Second // whatever goes wrong, it does not spin
	roundTime = 30 * time.Minute
)

// Run works until ctx is over.
func (m *Manager) Run(ctx context.Context) {
	m.load(ctx)
	for ctx.Err() == nil {
		next := m.round(ctx)
		m.HTTP.CloseIdleConnections()
		m.sleep(ctx, next)
	}
}

// load reads what an earlier process left. What cannot be read is made anew.
func (m *Manager) load(ctx context.Context) {
	state, err := Load(ctx, m.Cache)
	if err != nil {
		m.Log.Error("cannot read the state of the certificates", "err", err)
	}
	m.state = state
	if err := m.show(ctx); err != nil {
		m.Log.Error("cannot read a certificate that was kept", "err", err)
	}
}

// show shows what is kept.
func (m *Manager) show(ctx context.Context) error {
	certs, err := Kept(ctx, m.Cache)
	m.certs = certs
	m.Show(certs)
	return err
}

// sleep lasts until next, a ring or the end. A zero time is none.
func (m *Manager) sleep(ctx context.Context, next time.Time) {
	d := maxSleep
	if !next.IsZero() {
		d = min(max(next.Sub(m.Now()), minSleep), maxSleep)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-m.Bell:
	case <-t.C:
	}
}

// round does what is to be done now, and tells when to look again.
func (m *Manager) round(ctx context.Context) time.Time {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	s := m.Settings()
	names, err := m.candidates(ctx, s)
	if err != nil {
		m.Log.Error("cannot list the names for a certificate", "err", err)
		return m.Now().Add(lookFirst)
	}
	if s.Way == Off {
		return time.Time{}
	}
	m.state.keepNames(names)
	forced := m.hear(ctx, s, names)
	m.cry()
	m.markCovered()
	if len(names) > 0 && !m.Now().Before(m.state.Hold) {
		if err := m.work(ctx, s, names, forced); err != nil && ctx.Err() == nil {
			m.fail(err)
		}
	}
	m.markCovered()
	m.state.Next = m.next(names)
	m.save(context.WithoutCancel(ctx))
	return m.state.Next
}

// hear notices what people changed: then nothing is held back by what failed before. It tells whether they asked for a
// new certificate.
func (m *Manager) hear(ctx context.Context, s Settings, names []Name) (forced bool) {
	var asked time.Time
	if err := get(ctx, m.Cache, keyRequest, &asked); err != nil {
		m.Log.Error("cannot read whether a certificate was asked for", "err", err)
	}
	s.Write = nil // a function has no text
	sum := sha256.Sum256(fmt.Append(nil, s, names))
	heard := fmt.Sprintf("%x", sum[:8])
	forced = asked.After(m.state.Asked)
	if heard == m.state.Heard && !forced {
		return false
	}
	if limited := m.state.Problem; limited == nil || limited.Code != RateLimited { // asking would only make that worse
		m.state.Hold = time.Time{}
	}
	for i := range m.state.Names {
		m.state.Names[i].Next, m.state.Names[i].Failures = time.Time{}, 0
	}
	if err := m.dropOrder(ctx); err != nil { // it was for other names, or by another way
		m.Log.Error("cannot drop an order", "err", err)
	}
	m.state.Heard, m.state.Asked, m.state.Todo = heard, asked, nil
	m.save(ctx) // or a crash would let the next start drop an order that was begun for these
	return forced
}

// cry says loudly, once a day, that what is shown has ended. It is shown all the same: people can accept it, and a
// self-signed one would be no better.
func (m *Manager) cry() {
	now := m.Now()
	for _, c := range m.certs {
		if now.After(c.Leaf.NotAfter) && now.Sub(m.cried) > 24*time.Hour {
			m.cried = now
			m.Log.Error("THE CERTIFICATE HAS ENDED, and there is no new one", "names", c.Leaf.DNSNames, "ended", c.Leaf.NotAfter, "why", m.state.Problem)
		}
	}
}

// dropOrder forgets the order that was begun, if any.
func (m *Manager) dropOrder(ctx context.Context) error {
	_, err := m.Cache.Get(ctx, keyOrder)
	if errors.Is(err, autocert.ErrCacheMiss) {
		return nil
	}
	return m.Cache.Delete(ctx, keyOrder)
}

func (m *Manager) markCovered() {
	for i := range m.state.Names {
		n := &m.state.Names[i]
		if n.Covered = m.covers(n.Name); n.Covered && !m.renewing() {
			n.Problem, n.Failures, n.Next = nil, 0, time.Time{}
		}
	}
}

// next is when to look again, zero if nobody knows.
func (m *Manager) next(names []Name) time.Time {
	if len(names) == 0 {
		return time.Time{}
	}
	if m.Now().Before(m.state.Hold) {
		return m.state.Hold
	}
	next := m.state.Renewal.Ask
	earlier := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	failing := false
	for _, n := range m.state.Names {
		if n.Problem != nil {
			failing = true
			earlier(n.Next)
		}
	}
	if !failing || m.Now().Before(m.state.Renewal.At) {
		earlier(m.state.Renewal.At)
	}
	return next
}
