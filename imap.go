package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"

	gosasl "github.com/emersion/go-sasl"

	"buzon/internal/admin"
	"buzon/internal/config"
	"buzon/internal/imap"
	"buzon/internal/limit"
	"buzon/internal/login"
	"buzon/internal/roster"
	"buzon/internal/sasl"
	"buzon/internal/spool"
	"buzon/internal/store"
	"buzon/internal/tlsconn"
	"buzon/internal/uidset"
)

// imapServer puts the caps on connections, and TLS, before the protocol.
type imapServer struct {
	*imap.Server
	conns *limit.Conns
	tls   *tls.Config
}

func newIMAP(a *appliance) imapServer {
	config := a.certs.TLSConfig("imap") // RFC 7595's registry of ALPN names
	l := imap.DefaultLimits()
	l.CommandLine, l.Literal, l.Compressed = a.limits.CommandLine, a.limits.IMAPLiteral, a.limits.Compressed
	l.PreLoginOctets, l.PreLoginTime, l.Idle = a.limits.PreLoginOctets, a.limits.PreLoginTime, a.limits.IMAPIdle
	return imapServer{conns: a.conns, tls: config, Server: &imap.Server{
		Backend: imapBackend{a},
		TLS:     config,
		Limits:  l,
		Log:     a.log,
		Name:    a.name(),
		Version: imapVersion(),
		Now:     a.now,
	}}
}

// Serve implements listen.Server.
func (s imapServer) Serve(l net.Listener, implicitTLS bool) error {
	refuse := func(c net.Conn) { io.WriteString(c, "* BYE [LIMIT] Too many connections; please come back later.\r\n") }
	if implicitTLS {
		refuse = nil // a peer that waits for TLS cannot read a line
	}
	l = limit.Listener(l, s.conns, refuse)
	if implicitTLS {
		l = tlsconn.NewListener(l, s.tls)
	}
	if err := s.Server.Serve(l); !errors.Is(err, imap.ErrClosed) {
		return err
	}
	return nil
}

// imapVersion is what ID tells of us (RFC 2971 §3.3); empty for a build that has no version.
func imapVersion() string {
	if version := admin.Version(); version != "(devel)" && version != "?" {
		return version
	}
	return ""
}

// imapBackend is the door of IMAP.
type imapBackend struct{ *appliance }

func imapPeer(p imap.Peer) login.Peer { return login.Peer{Service: "imap", Addr: p.Addr, TLS: p.TLS} }

// Mechanisms implements imap.Backend.
func (b imapBackend) Mechanisms(p imap.Peer) []string { return b.door.Mechanisms(imapPeer(p)) }

// Login implements imap.Backend.
func (b imapBackend) Login(ctx context.Context, p imap.Peer, user, password string) (imap.Account, error) {
	acc, err := b.door.Password(ctx, imapPeer(p), user, password)
	if err != nil {
		return nil, imapError(err)
	}
	return &imapAccount{imapBackend: b, account: acc}, nil
}

// Authenticate implements imap.Backend.
func (b imapBackend) Authenticate(ctx context.Context, p imap.Peer, mechanism string, done func(imap.Account)) (gosasl.Server, error) {
	exchange, err := b.door.Start(ctx, imapPeer(p), mechanism, func(acc store.Account) { done(&imapAccount{imapBackend: b, account: acc}) })
	return imapExchange{exchange}, imapError(err)
}

// imapExchange is a SASL exchange with the errors of imap.
type imapExchange struct{ gosasl.Server }

// Next implements sasl.Server.
func (x imapExchange) Next(response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = x.Server.Next(response)
	return challenge, done, imapError(err)
}

// imapError is an error of ours in imap's words.
func imapError(err error) error {
	if err == nil {
		return nil
	}
	for _, e := range []struct{ ours, theirs error }{
		{login.ErrRefused, imap.ErrCredentials},
		{sasl.ErrMalformed, imap.ErrMalformed},
		{store.ErrNoMailbox, imap.ErrNoMailbox},
		{store.ErrExists, imap.ErrExists},
		{store.ErrBadName, imap.ErrBadName},
		{store.ErrSpecialUse, imap.ErrSpecialUse},
		{store.ErrOverQuota, imap.ErrOverQuota},
		{store.ErrKeywordsFull, imap.ErrKeywordsFull},
		{store.ErrNoMessage, imap.ErrNoMessage},
		{store.ErrInUse, imap.ErrInUse},
		{store.ErrMetadataFull, imap.ErrMetadataFull},
		{spool.ErrTooLarge, imap.ErrTooLarge},
	} {
		if errors.Is(err, e.ours) {
			return fmt.Errorf("%w: %w", e.theirs, err)
		}
	}
	return err
}

// imapAccount is the mail of who logged in.
type imapAccount struct {
	imapBackend
	account store.Account
	row     *roster.Row // who is logged in from where
}

// Arrive implements imap.Account.
func (a *imapAccount) Arrive(p imap.Peer) { a.row = a.enter(imapPeer(p), a.account) }

// Named implements imap.Account.
func (a *imapAccount) Named(client string) { a.roster.Name(a.row, client) }

// Leave implements imap.Account.
func (a *imapAccount) Leave() { a.roster.Leave(a.row) }

// Name implements imap.Account.
func (a imapAccount) Name() string { return a.account.Address.String() }

// Hidden implements imap.Account.
func (a imapAccount) Hidden(client string) []string {
	settings := a.store.Settings()
	hidden := a.matching(settings.Hide, client)
	shown := a.matching(settings.Show, client)
	for _, capability := range imap.Unusual() {
		if !slices.Contains(shown, capability) {
			hidden = append(hidden, capability)
		}
	}
	return hidden
}

// matching is the capabilities that rules name for this account and program.
func (a imapAccount) matching(rules []config.HideRule, client string) (capabilities []string) {
	key := a.account.Address.Key()
	for _, r := range rules {
		if r.Matches(key, client) {
			capabilities = append(capabilities, r.Capability)
		}
	}
	return capabilities
}

// AppendLimit implements imap.Account.
func (a imapAccount) AppendLimit() int64 { return a.messageSize() }

// Mailboxes implements imap.Account.
func (a imapAccount) Mailboxes(ctx context.Context) ([]imap.Mailbox, error) {
	list, err := a.store.Mailboxes(ctx, a.account.ID)
	if err != nil {
		return nil, imapError(err)
	}
	out := make([]imap.Mailbox, len(list))
	for i := range list {
		out[i] = imapMailbox(&list[i])
	}
	return out, nil
}

// Mailbox implements imap.Account.
func (a imapAccount) Mailbox(ctx context.Context, name string) (imap.Mailbox, error) {
	m, err := a.store.Mailbox(ctx, a.account.ID, name)
	return imapMailbox(&m), imapError(err)
}

// selectable finds a mailbox that holds mail.
func (a imapAccount) selectable(ctx context.Context, name string) (store.Mailbox, error) {
	m, err := a.store.Mailbox(ctx, a.account.ID, name)
	if err == nil && m.NoSelect {
		err = store.ErrNoMailbox
	}
	return m, imapError(err)
}

func imapMailbox(m *store.Mailbox) imap.Mailbox {
	return imap.Mailbox{
		Name:        m.Name,
		ID:          strconv.FormatInt(int64(m.ID), 10),
		UIDValidity: m.UIDValidity,
		UIDNext:     m.UIDNext,
		ModSeq:      m.ModSeq,
		Total:       m.Total,
		Unseen:      m.Unseen,
		Deleted:     m.Deleted,
		Size:        m.Size,
		SpecialUse:  m.SpecialUse,
		Subscribed:  m.Subscribed,
		NoSelect:    m.NoSelect,
		NonExistent: m.ID == 0, // a subscription alone
	}
}

// Recent implements imap.Account.
func (a imapAccount) Recent(ctx context.Context, name string) (int64, error) {
	m, err := a.selectable(ctx, name)
	if err != nil {
		return 0, err
	}
	from, err := a.store.RecentFrom(ctx, m.ID, false)
	if err != nil || from >= m.UIDNext {
		return 0, imapError(err)
	}
	view, err := a.store.View(ctx, m.ID)
	if err != nil {
		return 0, imapError(err)
	}
	return int64(view.UIDs.And(uidset.Of(uidset.Range{Lo: from, Hi: m.UIDNext - 1})).Len()), nil
}

// Create implements imap.Account.
func (a imapAccount) Create(ctx context.Context, name, specialUse string) (imap.Mailbox, error) {
	m, err := a.store.CreateMailbox(ctx, a.account.ID, name, specialUse)
	return imapMailbox(&m), imapError(err)
}

// Delete implements imap.Account.
func (a imapAccount) Delete(ctx context.Context, name string) error {
	return imapError(a.store.DeleteMailbox(ctx, a.account.ID, name))
}

// Rename implements imap.Account.
func (a imapAccount) Rename(ctx context.Context, from, to string) error {
	return imapError(a.store.RenameMailbox(ctx, a.account.ID, from, to))
}

// Subscribe implements imap.Account.
func (a imapAccount) Subscribe(ctx context.Context, name string, on bool) error {
	return imapError(a.store.Subscribe(ctx, a.account.ID, name, on))
}

// Quota implements imap.Account.
func (a imapAccount) Quota(ctx context.Context) (imap.Quota, error) {
	q, err := a.store.Quota(ctx, a.account.ID)
	return imap.Quota(q), imapError(err)
}

// DeletedSize implements imap.Account.
func (a imapAccount) DeletedSize(ctx context.Context, name string) (int64, error) {
	m, err := a.selectable(ctx, name)
	if err != nil || m.Deleted == 0 {
		return 0, err
	}
	size, err := a.store.DeletedSize(ctx, m.ID)
	return size, imapError(err)
}

// MetadataSize implements imap.Account.
func (a imapAccount) MetadataSize() int64 { return a.limits.MetadataSize }

// annotated is the mailbox whose annotations are meant; 0 is the account.
func (a imapAccount) annotated(ctx context.Context, name string) (store.MailboxID, error) {
	if name == "" {
		return 0, nil
	}
	m, err := a.store.Mailbox(ctx, a.account.ID, name)
	return m.ID, imapError(err)
}

// Annotations implements imap.Account.
func (a imapAccount) Annotations(ctx context.Context, mailbox string) ([]imap.Annotation, error) {
	box, err := a.annotated(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	list, err := a.store.Annotations(ctx, a.account.ID, box)
	out := make([]imap.Annotation, len(list))
	for i, x := range list {
		out[i] = imap.Annotation(x)
	}
	return out, imapError(err)
}

// Annotation implements imap.Account.
func (a imapAccount) Annotation(ctx context.Context, mailbox, entry string) ([]byte, error) {
	box, err := a.annotated(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	value, err := a.store.Annotation(ctx, a.account.ID, box, entry)
	return value, imapError(err)
}

// Annotate implements imap.Account.
func (a imapAccount) Annotate(ctx context.Context, mailbox string, list []imap.Annotation) error {
	box, err := a.annotated(ctx, mailbox)
	if err != nil {
		return err
	}
	out := make([]store.Annotation, len(list))
	for i, x := range list {
		out[i] = store.Annotation(x)
	}
	return imapError(a.store.Annotate(ctx, a.account.ID, box, out))
}

// imapReceived is a spooled message of APPEND.
type imapReceived struct{ *spool.Body }

// Release implements imap.Received.
func (r imapReceived) Release() { r.Close() } // its file has no name: there is nothing left to fail

// Receive implements imap.Account. Line ends are the client's affair: it gets back what it filed.
func (a imapAccount) Receive(_ context.Context, r io.Reader) (imap.Received, error) {
	s := spool.Spool{Dir: a.dataDir, Memory: a.limits.SpoolMemory, MaxSize: a.messageSize()}
	body, err := s.Receive(r)
	if err != nil {
		return nil, imapError(err)
	}
	return imapReceived{body}, nil
}

// Append implements imap.Account.
func (a imapAccount) Append(ctx context.Context, name string, drafts []imap.Draft) (uint32, []uint32, error) {
	m, err := a.selectable(ctx, name)
	if err != nil {
		return 0, nil, err
	}
	list := make([]store.Draft, len(drafts))
	for i, d := range drafts {
		if list[i], err = imapDraft(d); err != nil {
			return 0, nil, err
		}
	}
	uids, err := a.store.Append(ctx, m.ID, list)
	return m.UIDValidity, uids, imapError(err)
}

// imapDraft is a draft in the store's words.
func imapDraft(d imap.Draft) (store.Draft, error) {
	body, ok := d.Body.(imapReceived)
	if !ok {
		return store.Draft{}, fmt.Errorf("a %T is not from Receive", d.Body)
	}
	return store.Draft{Body: body.Reader(), Flags: d.Flags, Received: d.Received}, nil
}

// Open implements imap.Account.
func (a imapAccount) Open(ctx context.Context, name string, claim bool) (imap.Box, error) {
	m, err := a.selectable(ctx, name)
	if err != nil {
		return nil, err
	}
	from, err := a.store.RecentFrom(ctx, m.ID, claim)
	if err != nil {
		return nil, imapError(err)
	}
	return &imapBox{imapAccount: a, id: m.ID, recentFrom: from}, nil
}

// imapBox is a mailbox opened by one session.
type imapBox struct {
	imapAccount
	id         store.MailboxID
	recentFrom uint32
	page       []store.Message // of the command that runs; its memory holds envelopes and structures
}

// Close implements imap.Box. There is nothing to give back.
func (b *imapBox) Close() {}

// View implements imap.Box.
func (b *imapBox) View(ctx context.Context) (imap.View, error) {
	v, err := b.store.View(ctx, b.id)
	if err != nil {
		return imap.View{}, imapError(err)
	}
	unseen, err := b.store.FirstUnseen(ctx, b.id)
	return imap.View{Mailbox: imapMailbox(&v.Mailbox), UIDs: v.UIDs, RecentFrom: b.recentFrom, FirstUnseen: unseen}, imapError(err)
}

// Keywords implements imap.Box.
func (b *imapBox) Keywords(ctx context.Context) ([]string, error) {
	names, err := b.store.Keywords(ctx, b.id)
	return names, imapError(err)
}

// Changes implements imap.Box. It comes at the end of every command, so the page goes with it.
func (b *imapBox) Changes(ctx context.Context, since int64) (imap.Changes, error) {
	b.page = nil
	c, err := b.store.Changes(ctx, b.id, since)
	if err != nil {
		return imap.Changes{}, imapError(err)
	}
	out := imap.Changes{ModSeq: c.ModSeq, Vanished: c.Vanished, Many: c.Many, UIDNext: c.UIDNext, Gone: c.Gone}
	if len(c.Changed) > 0 {
		out.Changed = appendMessages(make([]imap.Message, 0, len(c.Changed)), c.Changed)
	}
	return out, nil
}

// Since implements imap.Box.
func (b *imapBox) Since(ctx context.Context, since int64, uids uidset.Set) (changed, vanished uidset.Set, err error) {
	changed, vanished, err = b.store.Since(ctx, b.id, since, uids)
	return changed, vanished, imapError(err)
}

// Page implements imap.Box.
func (b *imapBox) Page(ctx context.Context, uids uidset.Set, from uint32, limit int, f imap.Fields, buf []imap.Message) ([]imap.Message, error) {
	page, err := b.store.Page(ctx, b.id, uids, from, limit, store.Fields(f), b.page[:0])
	if err != nil {
		return buf, imapError(err)
	}
	b.page = page
	return appendMessages(buf, page), nil
}

// shownFlags are all but store.Fetched, which is ours alone.
const shownFlags = ^imap.Flags(store.Fetched)

func appendMessages(to []imap.Message, from []store.Message) []imap.Message {
	for i := range from {
		m := &from[i]
		to = append(to, imap.Message{
			UID:        m.UID,
			Flags:      imap.Flags(m.Flags) & shownFlags,
			ModSeq:     m.ModSeq,
			Received:   m.Received,
			Saved:      m.Saved,
			Size:       m.Size,
			Body:       int64(m.Body),
			Thread:     int64(m.Thread),
			Envelope:   m.Envelope,
			Structure:  m.Structure,
			Preview:    m.Preview,
			References: m.References,
		})
	}
	return to
}

// Store implements imap.Box.
func (b *imapBox) Store(ctx context.Context, uids uidset.Set, op imap.FlagOp, flags []string, unchangedSince int64) (imap.Stored, error) {
	stored, err := b.store.StoreFlags(ctx, b.id, uids, store.FlagOp(op), flags, unchangedSince)
	return imap.Stored(stored), imapError(err)
}

// Expunge implements imap.Box.
func (b *imapBox) Expunge(ctx context.Context, uids uidset.Set) (uidset.Set, error) {
	gone, err := b.store.Expunge(ctx, b.id, uids, false)
	return gone, imapError(err)
}

// Copy implements imap.Box.
func (b *imapBox) Copy(ctx context.Context, uids uidset.Set, to string) (imap.Copied, error) {
	return b.transfer(ctx, uids, to, b.store.Copy)
}

// Move implements imap.Box.
func (b *imapBox) Move(ctx context.Context, uids uidset.Set, to string) (imap.Copied, error) {
	return b.transfer(ctx, uids, to, b.store.Move)
}

func (b *imapBox) transfer(ctx context.Context, uids uidset.Set, to string,
	do func(context.Context, store.MailboxID, uidset.Set, store.MailboxID) (store.Copied, error)) (imap.Copied, error) {
	target, err := b.selectable(ctx, to)
	if err != nil {
		return imap.Copied{}, err
	}
	c, err := do(ctx, b.id, uids, target.ID)
	return imap.Copied(c), imapError(err)
}

// Replace implements imap.Box.
func (b *imapBox) Replace(ctx context.Context, uid uint32, to string, d imap.Draft) (uidValidity, newUID uint32, err error) {
	target, err := b.selectable(ctx, to)
	if err != nil {
		return 0, 0, err
	}
	draft, err := imapDraft(d)
	if err != nil {
		return 0, 0, err
	}
	newUID, err = b.store.Replace(ctx, b.id, uid, target.ID, draft)
	return target.UIDValidity, newUID, imapError(err)
}

// imapBody is a body with the errors of imap.
type imapBody struct{ *store.Body }

// Body implements imap.Box.
func (b *imapBox) Body(ctx context.Context, id int64) (imap.Body, error) {
	body, err := b.store.Body(ctx, store.BodyID(id))
	if err != nil {
		return nil, imapError(err)
	}
	return imapBody{body}, nil
}

// Candidates implements imap.Box.
func (b *imapBox) Candidates(ctx context.Context, uids uidset.Set, texts []imap.Lookup) ([]imap.Candidates, uidset.Set, error) {
	needles := make([]store.Needle, len(texts))
	for i, text := range texts {
		needles[i] = store.Needle(text)
	}
	found, indexed, err := b.store.Candidates(ctx, b.id, uids, needles)
	if err != nil {
		return nil, uidset.Set{}, imapError(err)
	}
	list := make([]imap.Candidates, len(found))
	for i, f := range found {
		list[i] = imap.Candidates(f)
	}
	return list, indexed, nil
}

// ReadAt implements io.ReaderAt.
func (b imapBody) ReadAt(p []byte, off int64) (int, error) {
	n, err := b.Body.ReadAt(p, off)
	if err == io.EOF {
		return n, err
	}
	return n, imapError(err)
}

// WriteTo implements io.WriterTo.
func (b imapBody) WriteTo(w io.Writer) (int64, error) {
	n, err := b.Body.WriteTo(w)
	return n, imapError(err)
}

// Watch implements imap.Box.
func (b *imapBox) Watch(ring func()) (stop func()) { return b.store.Call(b.id, ring) }

// Watch implements imap.Account.
func (a imapAccount) Watch(ring func()) (stop func()) { return a.store.CallAccount(a.account.ID, ring) }
