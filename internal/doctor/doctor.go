// Package doctor examines the box, its line and the records of its domains: a table of checks, each of which asks one thing
// in the real world and says pass, warn, fail or unknown, why, and what to do about it.
//
// Invariants: a check changes nothing but what it says (a log-in at the relay and refused recipients at our own port are the
// most that others see of it); what cannot be found out is unknown and never a guess; an examination ends within Whole
// whatever hangs; checks run a few at a time; what was found is kept in the file, and not written again while it stays so.
//
// The checks cite their RFCs where they bite; 5321 (mail exchangers), 7208 (SPF), 6376 (DKIM), 7489 (DMARC), 8461 (MTA-STS),
// 8460 (TLS reports), 6186 and 8314 (SRV), 8601 (names of addresses), 5782 (block lists) are what it is about.
package doctor

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"buzon/internal/clock"
	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/line"
	"buzon/internal/sending"
	"buzon/internal/store"
)

// What an examination says.
type (
	Verdict = finding.Verdict
	Phrase  = finding.Phrase
	Finding = finding.Finding
)

// The verdicts.
const (
	Pass    = finding.Pass
	Warn    = finding.Warn
	Fail    = finding.Fail
	Unknown = finding.Unknown
)

// NoteBackup is the note (store.Note) of the last backup; its text is where it went. Whoever makes one writes it.
const NoteBackup = store.NoteBackup

// notePorts is the note (store.Note) of where our services listen, as JSON of Ports.
const notePorts = "serve.ports"

// Ports says at which address each standard port of ours is found from this machine.
type Ports map[int]string

// Options are what a Doctor works with.
type Options struct {
	Store   *store.Store
	Sending *sending.Sending // the ways out
	Clock   *clock.Clock     // nil: whether the time is right is not known
	Name    func() string    // of this server
	Folder  string           // of the one file
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: none
	Off     bool             // Run does nothing: there is no world outside

	Resolver  func() dns.Resolver                           // one without memory, for one examination; nil: as the settings say
	Dial      Dialer                                        // to the world; nil: net.Dialer
	Here      Dialer                                        // to our own ports on this machine; nil: net.Dialer
	Addresses func() []netip.Addr                           // of this machine but loopback; nil: those of its interfaces
	Router    func(ctx context.Context) (netip.Addr, error) // the router's address outside; nil: asks it
	Roots     *x509.CertPool                                // nil: those of the system

	Whole  time.Duration // an examination ends after it; 0 is 50 s
	Each   time.Duration // so does a check; 0 is 25 s
	AtOnce int           // checks; 0 is 6
}

// Dialer makes a connection; address is host:port.
type Dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// Doctor examines. It is safe for concurrent use; examinations come one after the other.
type Doctor struct {
	Options
	busy chan struct{} // taken while an examination goes on

	mu    sync.Mutex
	where line.Where // our addresses as they were last found
}

// New makes a Doctor; nothing is asked yet.
func New(o Options) *Doctor {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Here == nil {
		o.Here = (&net.Dialer{}).DialContext
	}
	if o.Addresses == nil {
		o.Addresses = line.Addresses
	}
	if o.Router == nil {
		o.Router = line.AskRouter
	}
	o.Whole, o.Each = or(o.Whole, 50*time.Second), or(o.Each, 25*time.Second)
	o.AtOnce = or(o.AtOnce, 6)
	return &Doctor{Options: o, busy: make(chan struct{}, 1)}
}

// or is v, or usual where it is not set.
func or[T ~int | ~int64](v, usual T) T {
	if v > 0 {
		return v
	}
	return usual
}

// Light is the worst that matters of an examination: Fail (red), Warn (yellow), Pass (green).
func Light(all []Finding) Verdict { return finding.Light(all) }

// Examine makes all checks and keeps what they found. tell, which may be nil, is called with each as it comes, by one
// goroutine at a time. The findings returned are in the order of the table. An error is of the file, or of ctx.
func (d *Doctor) Examine(ctx context.Context, tell func(Finding)) ([]Finding, error) {
	found, err := d.examine(ctx, checks(), tell)
	if err != nil {
		return found, err
	}
	return found, d.keep(ctx, found)
}

// Line makes the checks of the line alone, for the set-up. Nothing is kept of them.
func (d *Doctor) Line(ctx context.Context, tell func(Finding)) ([]Finding, error) {
	return d.examine(ctx, lineChecks(), tell)
}
