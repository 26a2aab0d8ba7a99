// Package sending puts together what carries mail out of the house: the queue, the ways out, the DNS they ask and the keys
// they sign with, all over the one file. Queue and outbound do not know each other, nor outbound the store; they meet here.
//
// The life of a message that leaves: onward plans it, store.Accept queues it, the queue's bell rings, queue claims it,
// outbound opens a connection as safe as the domain asks for, smtpclient speaks, store.Settle keeps what became of it.
package sending

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"buzon/internal/dkim"
	"buzon/internal/dns"
	"buzon/internal/keyring"
	"buzon/internal/message"
	"buzon/internal/onward"
	"buzon/internal/outbound"
	"buzon/internal/queue"
	"buzon/internal/report"
	"buzon/internal/smtpclient"
	"buzon/internal/store"
)

// Options say what sending works with. The last part is for tests.
type Options struct {
	Store *store.Store
	Name  func() string // this server's name
	Dir   string        // for temporary files
	Log   *slog.Logger
	Now   func() time.Time
	Grace time.Duration                       // that mail being sent gets at the end
	Count func(fate store.Fate, octets int64) // may be nil

	Resolver dns.Resolver // nil: what the settings and the system say
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Fetch    func(ctx context.Context, url string) ([]byte, error) // of an MTA-STS policy
	Roots    *x509.CertPool
	Here     func(netip.Addr) bool // nil: outbound's
	Probes   []string              // nil: outbound.WellKnown
	SMTP     smtpclient.Timeouts
}

// Sending is everything that carries mail out. Queue and Sender may be used while Run runs, Desk as well.
type Sending struct {
	Options
	Queue  *queue.Queue
	Sender *outbound.Sender
	Desk   *onward.Desk

	ring    keyring.Ring
	signers dkim.Signers
	keys    sync.Mutex // one makes missing keys
	hello   helloName
}

// secretName is the store's secret for senders that were rewritten and marks against loops.
const secretName = "forward"

// New puts everything together; nothing is sent before Run.
func New(ctx context.Context, o Options) (*Sending, error) {
	secret, err := o.Store.Secret(ctx, secretName, newSecret)
	if err != nil {
		return nil, fmt.Errorf("read the secret of forwarding: %w", err)
	}
	s := &Sending{Options: o}
	if s.Resolver == nil {
		s.Resolver = dns.NewClient(dns.Options{Settings: s.dnsSettings, Now: o.Now})
	}
	s.ring = keyring.Ring{Store: o.Store, Now: o.Now, Lookup: s.lookupTXT}
	s.signers.Keys, s.signers.Now = s.ring.Signing, o.Now
	s.signers.GiveUp = func() time.Duration { return o.Store.Settings().GiveUpAfter }
	s.Desk = &onward.Desk{Store: o.Store, Sign: s.sign, Name: o.Name, Secret: secret, Now: o.Now, Log: o.Log}
	s.Sender = s.newSender()
	s.Queue = &queue.Queue{
		Store: o.Store,
		Open:  s.open,
		Route: func(ctx context.Context, domain string) (string, int) {
			r := s.Sender.Route(ctx, domain)
			return r.Key, r.Connections
		},
		Name:   o.Name,
		Sign:   s.signOwn,
		Sender: s.writer,
		Log:    o.Log,
		Now:    o.Now,
		Grace:  o.Grace,
		Count:  o.Count,
	}
	return s, nil
}

// Run sends until ctx is over.
func (s *Sending) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { s.watch(ctx) })
	running.Go(func() { s.daily(ctx) })
	if err := s.Queue.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		s.Log.Error("sending ended", "err", err)
	}
	running.Wait()
}

// open makes a connection for the queue. The types differ because a nil *outbound.Session is no nil queue.Session.
func (s *Sending) open(ctx context.Context, domain string) (queue.Session, error) {
	x, err := s.Sender.Open(ctx, domain)
	var why *outbound.Error
	switch {
	case errors.As(err, &why):
		return nil, &queue.Error{Reply: why.Reply, Host: why.Host, Err: why.Err}
	case err != nil:
		return nil, err
	}
	return x, nil
}

// sign makes the DKIM-Signature lines of a domain of ours; a domain that is not has none.
func (s *Sending) sign(ctx context.Context, domain string, m *io.SectionReader) ([]byte, error) {
	lines, err := s.signers.Sign(ctx, domain, m)
	if err != nil || lines != nil {
		return lines, err
	}
	if err := s.makeKeys(ctx, domain); err != nil {
		return nil, err
	}
	return s.signers.Sign(ctx, domain, m)
}

// makeKeys gives a domain of ours that has none its first keys: one that was added by an older version.
func (s *Sending) makeKeys(ctx context.Context, domain string) error {
	s.keys.Lock()
	defer s.keys.Unlock()
	own, err := s.Store.IsLocalDomain(ctx, domain)
	if err != nil || !own {
		return err
	}
	return s.ring.EnsureKeys(ctx, domain)
}

// signOwn signs for the domain of the message's author.
func (s *Sending) signOwn(ctx context.Context, m *io.SectionReader) ([]byte, error) {
	said, err := message.ReadSubmission(m, m.Size())
	if err != nil {
		return nil, err
	}
	authors, ok := said.Authors()
	if !ok {
		return nil, nil
	}
	return s.sign(ctx, authors[0].Domain, m)
}

// lookupTXT is how the ring sees what is published.
func (s *Sending) lookupTXT(ctx context.Context, name string) ([]string, error) {
	answer, err := s.Resolver.TXT(ctx, name)
	return answer.Records, err
}

// writer gives who wrote what was sent on under a sender of ours.
func (s *Sending) writer(_ context.Context, from message.Address) (message.Address, bool) {
	if !report.IsSRS(from) {
		return from, false
	}
	to, err := report.SRS{Secret: s.Desk.Secret, Domain: from.Domain, Now: s.Now}.Reverse(from)
	return to, err == nil
}

// Keys are the DKIM keys of our domains.
func (s *Sending) Keys() keyring.Ring { return s.ring }
