// Package login is the one door of SMTP, IMAP and POP3: the guard against
// guessing, the check of a password, and the SASL mechanisms over the store.
// A failed login always looks and lasts the same, whatever was wrong.
package login

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	gosasl "github.com/emersion/go-sasl"

	"buzon/internal/limit"
	"buzon/internal/sasl"
	"buzon/internal/store"
)

var (
	// ErrRefused is a wrong name or password; nothing tells which.
	ErrRefused = errors.New("wrong name or password")
	// ErrUnavailable is a login that could not be judged: try again later.
	ErrUnavailable = errors.New("log-in is not possible at the moment")
	// ErrMechanism is a SASL mechanism that this peer was not offered.
	ErrMechanism = errors.New("mechanism is not offered")
)

// Door lets people in.
type Door struct {
	Store   *store.Store
	Guard   *limit.Guard
	Leaf    func(*tls.ConnectionState) *x509.Certificate // our certificate on a connection, for channel binding
	FakeKey []byte                                       // secret behind the salts of users that do not exist
	Log     *slog.Logger
	Count   func(service string) // hears of every wrong name or password, for the counters. May be nil
}

// Peer is who knocks. TLS is nil without TLS.
type Peer struct {
	Service string // for the log: "imap", "pop3", "submission"
	Addr    netip.Addr
	TLS     *tls.ConnectionState
}

// Secure tells whether a password may cross the connection: under TLS, or on
// loopback, where there is nobody to listen.
func (p Peer) Secure() bool { return p.TLS != nil || p.Addr.IsLoopback() }

// Password checks a name and a password, after the delay that earlier failures
// earned. The error is ErrRefused or ErrUnavailable, or the context's.
func (d *Door) Password(ctx context.Context, p Peer, user, password string) (store.Account, error) {
	if err := d.wait(ctx, p, user); err != nil {
		return store.Account{}, err
	}
	acc, err := d.Store.Authenticate(ctx, user, password)
	if err != nil {
		return store.Account{}, d.refuse(ctx, p, user, err)
	}
	d.admit(p, acc)
	return acc, nil
}

func (d *Door) wait(ctx context.Context, p Peer, user string) error {
	delay := d.Guard.Delay(p.Addr, user)
	if delay <= 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// refuse notes a failed login and gives the error that the protocol may show.
func (d *Door) refuse(ctx context.Context, p Peer, user string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, store.ErrPassword) || errors.Is(err, sasl.ErrCredentials) {
		d.Guard.Failed(p.Addr, user)
		if d.Count != nil {
			d.Count(p.Service)
		}
		d.Log.Warn("log-in refused", "service", p.Service, "from", p.Addr, "user", user)
		return ErrRefused
	}
	d.Log.Error("log-in could not be judged", "service", p.Service, "from", p.Addr, "err", err)
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func (d *Door) admit(p Peer, acc store.Account) {
	d.Guard.Succeeded(p.Addr, acc.Address.Key())
	d.Log.Info("logged in", "service", p.Service, "from", p.Addr, "account", acc.Address)
}

// Mechanisms are the SASL mechanisms to offer this peer, best first: none
// where a password could be overheard, PLUS only where there is a TLS to bind
// to, and none that the owner hides.
func (d *Door) Mechanisms(p Peer) []string {
	if !p.Secure() {
		return nil
	}
	all := []string{plus, "SCRAM-SHA-256", "PLAIN", "LOGIN"}
	hidden := d.Store.Settings().HideLogin
	return slices.DeleteFunc(all, func(m string) bool {
		return slices.Contains(hidden, m) || m == plus && p.TLS == nil
	})
}

// Start begins a SASL exchange; done gets the account when it succeeds. The
// errors of the exchange are ErrRefused, ErrUnavailable, the context's, or
// sasl.ErrMalformed.
func (d *Door) Start(ctx context.Context, p Peer, mechanism string, done func(store.Account)) (gosasl.Server, error) {
	verify := func(user, password string) error {
		acc, err := d.Password(ctx, p, user, password)
		if err == nil {
			done(acc)
		}
		return err
	}
	if !slices.Contains(d.Mechanisms(p), mechanism) {
		return nil, ErrMechanism
	}
	switch mechanism {
	case "PLAIN":
		return sasl.Plain(verify), nil
	case "LOGIN":
		return sasl.Login(verify), nil
	}
	return d.scram(ctx, p, mechanism, done), nil
}
