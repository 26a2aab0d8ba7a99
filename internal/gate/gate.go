// Package gate decides who may bring mail to port 25, step by step while a client speaks: at its connection, its HELO, its
// sender, each recipient, and after the message. Every refusal is a reply with a sentence that says how the owner can allow
// it, a line in the log, and a row in the list of refusals.
//
// Refusals for who somebody is wait for the first recipient: only then is it known whom the mail is for, and a rule of that
// account may let it in; and only then does the list of refusals tell who wrote to whom. What is refused at once is what
// somebody does: too much, too fast, or against the protocol.
//
// Invariants: what the owner allows is let in, whatever else speaks against it. Our own network is never judged, and neither
// are those who write to postmaster or abuse, but by the owner's own rules (RFC 5321 §4.5.1, RFC 2142 §4). What DNS does not
// answer counts for nothing. Nobody is shut out for good by what he did: rates drain, and who did wrong is slow for an hour.
// Everything is bounded: sources remembered, clients delayed, clients looked up at once, refusals and acquaintances not yet
// written. A session ends all it began.
//
// RFC 5321 §4.1.4 (HELO), §4.3.1 (waiting for the greeting), 5782 (block lists in DNS), 6647 (greylisting), 3463 (codes).
package gate

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"buzon/internal/config"
	"buzon/internal/dns"
	"buzon/internal/limit"
	"buzon/internal/message"
	"buzon/internal/store"
)

// Options are what a Gate works with; all fields are needed unless they say otherwise.
type Options struct {
	Resolver     dns.Resolver
	ResolverName func() string // which resolver that is: block lists are tried out anew with another. May be nil
	Settings     func() config.Settings
	Limits       config.Limits
	Name         func() string                                          // of this server
	Ours         func(ctx context.Context, domain string) (bool, error) // whether mail for a domain comes here
	Store        Store
	Home         func(a netip.Addr) bool // which addresses are of our own network; nil: loopback, private, and shared ones
	Count        func(reason string)     // hears of every refusal, for the counters. May be nil
	Now          func() time.Time
	Log          *slog.Logger
}

// Store is what the gate asks and keeps in the file; the fields are methods of store.Store.
type Store struct {
	Access            func(ctx context.Context, accounts []store.AccountID, caller store.Caller) (store.Access, error)
	Correspondents    func(ctx context.Context, account store.AccountID, a message.Address) (known bool, err error)
	Acquainted        func(ctx context.Context, source, domain string) (known, passed bool, err error)
	Greylist          func(ctx context.Context, network, sender, recipient string) (store.GreyAnswer, error)
	KeepAcquaintances func(ctx context.Context, batch []store.Acquaintance) error
	AddRefusals       func(ctx context.Context, batch []store.Refusal) error
}

// FromStore is the file's.
func FromStore(st *store.Store) Store {
	return Store{
		Access: st.Access, Correspondents: st.Correspondents, Acquainted: st.Acquainted, Greylist: st.Greylist,
		KeepAcquaintances: st.KeepAcquaintances, AddRefusals: st.AddRefusals,
	}
}

// Gate is one for all sessions. Run must run beside it.
type Gate struct {
	Options
	sources *limit.Sources
	lists   *blockLists
	turns   chan struct{} // a token for each client being looked up
	delays  chan struct{} // a token for each client being delayed
	journal *journal
}

// New makes a Gate.
func New(o Options) *Gate {
	if o.ResolverName == nil {
		o.ResolverName = func() string { return "" }
	}
	if o.Count == nil {
		o.Count = func(string) {}
	}
	l := o.Limits
	return &Gate{
		Options: o,
		sources: &limit.Sources{
			Connections: l.SourceConnections, Parallel: l.SourceParallel, Messages: l.SourceMessages, Unknown: l.SourceUnknown,
			Errors: l.SourceErrors, Slow: l.SourceSlow, Entries: l.Sources, Now: o.Now,
		},
		lists:   &blockLists{resolver: o.Resolver, name: o.ResolverName, now: o.Now},
		turns:   make(chan struct{}, l.GateLookups),
		delays:  make(chan struct{}, l.Delayed),
		journal: newJournal(o.Store, o.Log),
	}
}

// Run writes down what the gate remembers, until ctx is over; then the rest.
func (g *Gate) Run(ctx context.Context) { g.journal.run(ctx) }

// delay keeps a client waiting and tells whether there was room for one more. It ends with ctx.
func (g *Gate) delay(ctx context.Context, d time.Duration) bool {
	select {
	case g.delays <- struct{}{}:
	default:
		return false
	}
	defer func() { <-g.delays }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}
