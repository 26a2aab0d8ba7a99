package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"

	gosasl "github.com/emersion/go-sasl"

	"buzon/internal/limit"
	"buzon/internal/login"
	"buzon/internal/pop3"
	"buzon/internal/sasl"
	"buzon/internal/store"
	"buzon/internal/uidset"
)

// pop3Page is how many rows of the store are in memory at once while a maildrop is listed.
const pop3Page = 500 // messages

// pop3Server puts the caps on connections before the protocol.
type pop3Server struct {
	*pop3.Server
	conns *limit.Conns
}

func newPOP3(a *appliance) pop3Server {
	return pop3Server{conns: a.conns, Server: pop3.New(pop3.Options{
		Backend: pop3Backend{a},
		TLS:     a.certs.TLSConfig("pop3"),
		Log:     a.log,
		Limits: pop3.Limits{
			CommandLine:    a.limits.CommandLine,
			PreLoginOctets: a.limits.PreLoginOctets,
			PreLoginTime:   a.limits.PreLoginTime,
			Idle:           a.limits.POP3Idle,
		},
		KeepDays: func() int { return a.store.Settings().POP3KeepDays },
	})}
}

// Serve implements listen.Server.
func (s pop3Server) Serve(l net.Listener, implicitTLS bool) error {
	var refuse func(net.Conn) // nothing in the clear where TLS is expected
	if !implicitTLS {
		refuse = func(c net.Conn) {
			io.WriteString(c, "-ERR [SYS/TEMP] Too many connections at the moment. Please try again later.\r\n")
		}
	}
	return s.Server.Serve(limit.Listener(l, s.conns, refuse), implicitTLS)
}

// pop3Backend is the door of POP3.
type pop3Backend struct{ a *appliance }

func pop3Peer(p pop3.Peer) login.Peer { return login.Peer{Service: "pop3", Addr: p.Addr, TLS: p.TLS} }

// Mechanisms implements pop3.Backend.
func (b pop3Backend) Mechanisms(p pop3.Peer) []string { return b.a.door.Mechanisms(pop3Peer(p)) }

// Login implements pop3.Backend.
func (b pop3Backend) Login(ctx context.Context, p pop3.Peer, user, password string) (pop3.Account, error) {
	acc, err := b.a.door.Password(ctx, pop3Peer(p), user, password)
	if err != nil {
		return nil, pop3Error(err)
	}
	return pop3Account{b.a, p, acc}, nil
}

// Authenticate implements pop3.Backend.
func (b pop3Backend) Authenticate(ctx context.Context, p pop3.Peer, mechanism string, done func(pop3.Account)) (gosasl.Server, error) {
	exchange, err := b.a.door.Start(ctx, pop3Peer(p), mechanism, func(acc store.Account) {
		done(pop3Account{b.a, p, acc})
	})
	return pop3Exchange{exchange}, pop3Error(err)
}

// pop3Exchange is a SASL exchange with the errors of pop3.
type pop3Exchange struct{ gosasl.Server }

// Next implements sasl.Server.
func (x pop3Exchange) Next(response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = x.Server.Next(response)
	return challenge, done, pop3Error(err)
}

// pop3Error is an error of ours in pop3's words.
func pop3Error(err error) error {
	for _, e := range []struct{ ours, theirs error }{
		{login.ErrRefused, pop3.ErrCredentials},
		{sasl.ErrMalformed, pop3.ErrExchange},
		{store.ErrLocked, pop3.ErrInUse},
		{store.ErrNoMessage, pop3.ErrGone},
	} {
		if errors.Is(err, e.ours) {
			return fmt.Errorf("%w: %w", e.theirs, err)
		}
	}
	return err
}

// pop3Account opens an account's INBOX, which is all that POP3 knows.
type pop3Account struct {
	*appliance
	peer    pop3.Peer
	account store.Account
}

// Name implements pop3.Account.
func (a pop3Account) Name() string { return a.account.Address.String() }

// Open implements pop3.Account.
func (a pop3Account) Open(ctx context.Context) (pop3.Maildrop, error) {
	unlock, err := a.store.LockMaildrop(a.account.ID)
	if err != nil {
		return nil, pop3Error(err)
	}
	inbox, err := a.store.Mailbox(ctx, a.account.ID, "INBOX")
	if err != nil {
		unlock()
		return nil, err
	}
	row := a.enter(pop3Peer(a.peer), a.account)
	// The bell is hung up after the ModSeq is known and before the list is read: what vanishes in between rings.
	return &maildrop{store: a.store, inbox: inbox, since: inbox.ModSeq, bell: a.store.Watch(inbox.ID), unlock: unlock,
		leave: func() { a.roster.Leave(row) }}, nil
}

// maildrop is an INBOX for one POP3 session.
type maildrop struct {
	store  *store.Store
	inbox  store.Mailbox
	since  int64 // ModSeq that Vanished has told up to
	bell   *store.Watch
	unlock func()
	leave  func()
}

// Validity implements pop3.Maildrop.
func (m *maildrop) Validity() uint32 { return m.inbox.UIDValidity }

// Close implements pop3.Maildrop.
func (m *maildrop) Close() {
	m.bell.Stop()
	m.unlock()
	m.leave()
}

// List implements pop3.Maildrop.
func (m *maildrop) List(ctx context.Context) ([]pop3.Message, error) {
	view, err := m.store.View(ctx, m.inbox.ID)
	if err != nil {
		return nil, err
	}
	list := make([]pop3.Message, 0, view.UIDs.Len())
	var page []store.Message
	for from := uint32(1); ; {
		page, err = m.store.Page(ctx, m.inbox.ID, view.UIDs, from, pop3Page, store.WithMeta, page[:0])
		if err != nil || len(page) == 0 {
			return list, err
		}
		for _, msg := range page {
			list = append(list, pop3.Message{Body: int64(msg.Body), UID: msg.UID, Size: uint32(min(msg.Size, pop3.MaxSize))})
		}
		from = page[len(page)-1].UID + 1
	}
}

// Vanished implements pop3.Maildrop.
func (m *maildrop) Vanished(ctx context.Context) (iter.Seq[uint32], error) {
	var gone uidset.Set
	select {
	case <-m.bell.C:
		changes, err := m.store.Changes(ctx, m.inbox.ID, m.since)
		if err != nil {
			return nil, err
		}
		m.since, gone = changes.ModSeq, changes.Vanished
	default:
	}
	return func(yield func(uint32) bool) {
		for _, r := range gone.Ranges() {
			for uid := r.Lo; uid <= r.Hi; uid++ {
				if !yield(uid) {
					return
				}
			}
		}
	}, nil
}

// Body implements pop3.Maildrop.
func (m *maildrop) Body(ctx context.Context, msg pop3.Message) (pop3.Body, error) {
	body, err := m.store.Body(ctx, store.BodyID(msg.Body))
	if err != nil {
		return nil, pop3Error(err)
	}
	return pop3Body{body}, nil
}

// pop3Body is a body with the errors of pop3.
type pop3Body struct{ *store.Body }

// WriteTo implements io.WriterTo.
func (b pop3Body) WriteTo(w io.Writer) (int64, error) {
	n, err := b.Body.WriteTo(w)
	return n, pop3Error(err)
}

// Update implements pop3.Maildrop. Marks come first: what is removed needs none, and a removal is the end of it.
func (m *maildrop) Update(ctx context.Context, fetched, deleted iter.Seq[uint32]) error {
	if err := m.mark(ctx, collect(fetched)); err != nil {
		return fmt.Errorf("mark fetched messages: %w", err)
	}
	uids := collect(deleted)
	if uids.Len() == 0 {
		return nil
	}
	if _, err := m.store.Expunge(ctx, m.inbox.ID, uids, true); err != nil {
		return fmt.Errorf("remove deleted messages: %w", err)
	}
	return nil
}

// mark notes what was fetched, as far as the settings want to know.
func (m *maildrop) mark(ctx context.Context, uids uidset.Set) error {
	settings := m.store.Settings()
	if uids.Len() == 0 {
		return nil
	}
	if settings.POP3MarkSeen {
		if _, err := m.store.StoreFlags(ctx, m.inbox.ID, uids, store.FlagsAdd, []string{`\Seen`}, -1); err != nil {
			return err
		}
	}
	if settings.POP3KeepDays > 0 {
		return m.store.MarkFetched(ctx, m.inbox.ID, uids)
	}
	return nil
}

func collect(uids iter.Seq[uint32]) uidset.Set {
	var b uidset.Builder
	for uid := range uids {
		b.Add(uid)
	}
	return b.Set()
}
