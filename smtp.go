package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"buzon/internal/arrivals"
	"buzon/internal/finding"
	"buzon/internal/gate"
	"buzon/internal/judge"
	"buzon/internal/limit"
	"buzon/internal/login"
	"buzon/internal/message"
	"buzon/internal/onward"
	"buzon/internal/roster"
	"buzon/internal/smtpconn"
	"buzon/internal/spool"
	"buzon/internal/store"
)

// smtpKind is what a service is for.
type smtpKind int

const (
	receive smtpKind = iota // from the world, to our own people
	submit                  // from our own people, after log-in (RFC 6409)
)

func (k smtpKind) String() string { return [...]string{"smtp", "submission"}[k] }

// smtpServer is one kind of SMTP service on all its ports.
type smtpServer struct {
	*appliance
	kind  smtpKind
	inner *smtp.Server

	mu        sync.Mutex
	listeners []*smtpconn.Listener
	ended     bool // by Shutdown: no listener comes any more
	accepting sync.WaitGroup
}

func newSMTP(a *appliance, kind smtpKind) *smtpServer {
	s := &smtpServer{appliance: a, kind: kind}
	s.inner = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.inner.Domain = a.name()
	s.inner.MaxRecipients = a.limits.Recipients
	s.inner.MaxMessageBytes = 0      // a setting that can change: Mail and Data hold it, smtpconn tells it
	s.inner.MaxLineLength = 0        // smtpconn bounds commands, spool the lines of a body
	s.inner.AllowInsecureAuth = true // TLS is smtpconn's; AuthMechanisms decides
	s.inner.EnableSMTPUTF8 = true
	s.inner.EnableBINARYMIME = true
	s.inner.EnableDSN = true
	s.inner.EnableREQUIRETLS = true
	s.inner.ErrorLog = slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)
	return s
}

// Serve implements listen.Server.
func (s *smtpServer) Serve(l net.Listener, implicitTLS bool) error {
	refuse := func(c net.Conn) { io.WriteString(c, "421 4.7.0 Too many connections; please come back later\r\n") }
	opt := smtpconn.Options{
		Name:        s.name,
		Size:        s.messageSize,
		TLS:         s.certs.TLSConfig(),
		Implicit:    implicitTLS,
		Idle:        s.limits.SMTPIdle,
		Data:        s.limits.SMTPData,
		CommandLine: s.limits.CommandLine,
	}
	if s.kind == submit {
		opt.UntrustedOctets, opt.UntrustedTime = s.limits.PreLoginOctets, s.limits.PreLoginTime
	} else {
		opt.Lifetime, opt.Rate = s.limits.SMTPSession, s.limits.SMTPRate
		opt.Guest = func(c *smtpconn.Conn) smtpconn.Guest { return judge.Guest(context.Background(), s.gate, c) }
	}
	if implicitTLS {
		refuse = nil // a peer that waits for TLS cannot read a line
	}
	wrapped := smtpconn.NewListener(limit.Listener(l, s.conns, refuse), opt)
	if !s.listensAt(wrapped) {
		return wrapped.Close()
	}
	defer s.accepting.Done()
	if err := s.inner.Serve(wrapped); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// listensAt counts a listener among ours; false says that Shutdown came before it.
func (s *smtpServer) listensAt(l *smtpconn.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.listeners = append(s.listeners, l)
		s.accepting.Add(1)
	}
	return !s.ended
}

// Shutdown implements server.
func (s *smtpServer) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.ended = true
	listeners := s.listeners
	s.mu.Unlock()
	for _, l := range listeners {
		l.Close() // the library would still count connections that come while it waits for the others
	}
	s.accepting.Wait()
	for _, l := range listeners {
		l.Drain()
	}
	err := s.inner.Shutdown(ctx)
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	for _, l := range listeners {
		l.CloseAll()
	}
	return err
}

// messageSize is the largest message of the moment, in octets.
func (a *appliance) messageSize() int64 {
	if n := a.store.Settings().MessageSize; n > 0 {
		return n
	}
	return a.limits.MessageSize
}

// smtpSession is one connection. The library calls it from one goroutine at a time.
type smtpSession struct {
	*smtpServer
	ctx    context.Context
	cancel context.CancelFunc
	conn   *smtpconn.Conn
	helo   func() string
	peer   login.Peer

	guest   *gate.Session  // of who comes from the world
	account *store.Account // who logged in
	row     *roster.Row    // from where
	mail    *envelope      // after MAIL
}

// envelope is one transaction (RFC 5321 §3.3).
type envelope struct {
	from    message.Address
	options smtp.MailOptions
	to      []onward.Recipient

	place  judge.Why      // of a message from the world: where it went
	author finding.Phrase // and whether it is from whom it says
}

func (s *smtpServer) newSession(c *smtp.Conn) (smtp.Session, error) {
	conn, ok := c.Conn().(*smtpconn.Conn)
	if !ok {
		return nil, refuse(421, 4, 3, 0, "This service is not ready")
	}
	ctx, cancel := context.WithCancel(context.Background())
	guest, _ := conn.Value.(*gate.Session) // our own people have none
	return &smtpSession{
		smtpServer: s, ctx: ctx, cancel: cancel, conn: conn, helo: c.Hostname, guest: guest,
		peer: login.Peer{Service: s.kind.String(), Addr: conn.Addr()},
	}, nil
}

// Reset implements smtp.Session.
func (s *smtpSession) Reset() { s.mail = nil }

// Logout implements smtp.Session.
func (s *smtpSession) Logout() error {
	s.cancel()
	if s.row != nil {
		s.roster.Leave(s.row)
	}
	return nil
}

// AuthMechanisms implements smtp.AuthSession. A password crosses TLS only, even on loopback: mail programs that
// would send it in the clear there do so elsewhere too.
func (s *smtpSession) AuthMechanisms() []string {
	if s.peer.TLS = s.conn.TLS(); s.kind != submit || s.peer.TLS == nil {
		return nil
	}
	return s.door.Mechanisms(s.peer)
}

// Auth implements smtp.AuthSession (RFC 4954).
func (s *smtpSession) Auth(mechanism string) (sasl.Server, error) {
	switch {
	case s.kind != submit:
		return nil, refuse(502, 5, 5, 1, "Nobody logs in here; send your own mail through port 465 or 587")
	case s.conn.TLS() == nil:
		return nil, refuse(538, 5, 7, 11, "Log-in needs TLS; turn on TLS or STARTTLS in your mail program")
	case s.mail != nil: // RFC 4954 §4: not in a transaction
		return nil, refuse(503, 5, 5, 1, "Log-in is not possible between MAIL and the message")
	}
	s.peer.TLS = s.conn.TLS()
	server, err := s.door.Start(s.ctx, s.peer, mechanism, func(acc store.Account) {
		s.account, s.row = &acc, s.enter(s.peer, acc)
		s.conn.Trust()
	})
	if err != nil {
		return nil, refuse(504, 5, 5, 4, "This way to log in is not offered")
	}
	return smtpAuth{server}, nil
}

// smtpAuth gives the errors of a SASL exchange their replies (RFC 4954 §6).
type smtpAuth struct{ sasl.Server }

func (a smtpAuth) Next(response []byte) ([]byte, bool, error) {
	challenge, done, err := a.Server.Next(response)
	switch {
	case err == nil:
	case errors.Is(err, login.ErrRefused):
		err = refuse(535, 5, 7, 8, "Name or password is wrong")
	case errors.Is(err, login.ErrUnavailable), errors.Is(err, context.Canceled):
		err = refuse(454, 4, 7, 0, "Log-in is not possible at the moment; please try again later")
	default:
		err = refuse(501, 5, 5, 2, "This is not how the log-in goes on")
	}
	return challenge, done, err
}

// Mail implements smtp.Session: the sender.
func (s *smtpSession) Mail(from string, options *smtp.MailOptions) error {
	switch {
	case !s.conn.Greeted():
		return refuse(503, 5, 5, 1, "Greet again with EHLO after STARTTLS")
	case s.mail != nil:
		return refuse(503, 5, 5, 1, "There is a sender already; RSET forgets it")
	case s.kind == submit && s.account == nil:
		return refuse(530, 5, 7, 0, "Log in first")
	case options.Size > s.messageSize():
		return errTooLarge
	case options.RequireTLS && s.conn.TLS() == nil: // RFC 8689 §4.2.1
		return refuse(530, 5, 7, 10, "REQUIRETLS is for mail that comes over TLS")
	}
	sender, err := parsePath(from)
	if err != nil {
		return refuse(553, 5, 1, 7, "The sender is not a valid address")
	}
	if err := checkUTF8(sender, options.UTF8); err != nil {
		return err
	}
	if err := s.mayUse(sender); err != nil {
		return err
	}
	if s.guest != nil {
		s.guest.Helo(s.helo()) // what is wrong with it is said at the first recipient
		if reply := s.guest.Mail(sender); reply != nil {
			return bare(reply)
		}
	}
	s.mail = &envelope{from: sender, options: *options}
	return nil
}

// mayUse holds our own people to their own addresses. The null sender is for read receipts (RFC 8098 §3).
func (s *smtpSession) mayUse(sender message.Address) error {
	if s.kind != submit || sender.IsZero() {
		return nil
	}
	own, err := s.store.MaySend(s.ctx, s.account.ID, sender)
	if err != nil {
		return s.later("check sender", err)
	}
	if !own {
		return refuse(553, 5, 7, 1, fmt.Sprintf("%s may not send as %s", s.account.Address, sender))
	}
	return nil
}

// Rcpt implements smtp.Session: one recipient.
func (s *smtpSession) Rcpt(to string, options *smtp.RcptOptions) error {
	address, err := parsePath(to)
	if err != nil || address.IsZero() {
		return refuse(553, 5, 1, 3, "The recipient is not a valid address")
	}
	if err := checkUTF8(address, s.mail.options.UTF8); err != nil {
		return err
	}
	r, err := dsnRecipient(address, options)
	if err != nil {
		return err
	}
	r.Found, err = s.find(address)
	if refusal := s.ask(r, err); refusal != nil {
		return refusal
	}
	switch {
	case errors.Is(err, store.ErrNoAccount):
		return refuse(550, 5, 1, 1, fmt.Sprintf("There is no mailbox %s here", address))
	case errors.Is(err, store.ErrNoDomain):
		return refuse(550, 5, 7, 1, fmt.Sprintf("This server takes no mail for %s", address.Domain))
	case err != nil:
		return s.later("look up recipient", err)
	}
	if err := s.roomFor(r.Found.Local); err != nil {
		return err
	}
	s.mail.to = append(s.mail.to, r)
	return nil
}

// ask hears the gate about a recipient from the world, also one that is not here: who tries many is slowed.
func (s *smtpSession) ask(r onward.Recipient, found error) error {
	if s.guest == nil {
		return nil
	}
	to := gate.Recipient{Address: r.Address, Known: found == nil}
	for _, acc := range r.Found.Local {
		to.Accounts = append(to.Accounts, acc.ID)
	}
	if reply := s.guest.Rcpt(s.ctx, to); reply != nil {
		return bare(reply)
	}
	return nil
}

// find tells where mail for an address goes: our own people may write to all the world, the world to our own people, and
// a bounce to the sender of what we sent on.
func (s *smtpSession) find(address message.Address) (store.Resolution, error) {
	if s.kind == receive && s.mail.from.IsZero() {
		if found, ok := s.onward.Bounced(s.ctx, address); ok {
			return found, nil
		}
	}
	found, err := s.store.Resolve(s.ctx, address)
	if errors.Is(err, store.ErrNoDomain) && s.kind == submit {
		return store.Resolution{Foreign: []message.Address{address}}, nil
	}
	return found, err
}

// dsnRecipient reads what the sender wants to hear of a recipient (RFC 3461 §4).
func dsnRecipient(address message.Address, o *smtp.RcptOptions) (onward.Recipient, error) {
	r := onward.Recipient{Address: address}
	if o == nil {
		return r, nil
	}
	if o.OriginalRecipient != "" {
		r.Original = strings.ToLower(string(o.OriginalRecipientType)) + ";" + o.OriginalRecipient
	}
	words := make([]string, len(o.Notify))
	for i, word := range o.Notify {
		words[i] = string(word)
	}
	var err error
	if r.Notify, err = message.ParseNotify(strings.Join(words, ",")); err != nil {
		return r, refuse(501, 5, 5, 4, "NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY")
	}
	return r, nil
}

// roomFor refuses what could not be stored, before the message is sent.
func (s *smtpSession) roomFor(accounts []store.Account) error {
	for _, a := range accounts {
		if a.Quota > 0 && a.Used+max(s.mail.options.Size, 1) > a.Quota {
			return errMailboxFull
		}
	}
	return nil
}

// Data implements smtp.Session: the message. Its success is a reply too, with the id under which the log knows it.
func (s *smtpSession) Data(r io.Reader) error {
	rules := spool.Spool{
		Dir:       s.dataDir,
		Memory:    s.limits.SpoolMemory,
		MaxSize:   s.messageSize(),
		MaxLine:   s.limits.SMTPLine,
		MaxHeader: s.limits.HeaderSize,
		// RFC 3030 §3: only a BINARYMIME message may hold CR and LF by themselves.
		Strict: s.mail.options.Body != smtp.BodyBinaryMIME,
		Drain:  true,
	}
	body, err := rules.Receive(s.conn.Message(r))
	if err != nil {
		return s.badBody(err)
	}
	defer func() { body.Close() }()
	if s.kind == submit && onward.Leaves(s.mail.to) {
		if body, err = onward.FoldLines(body, rules); err != nil {
			return s.later("convert", err)
		}
	}
	id := strings.ToLower(rand.Text()[:12])
	if err := s.accept(id, body); err != nil {
		return err
	}
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "Accepted as " + id}
}

func (s *smtpSession) accept(id string, body *spool.Body) error {
	// RFC 5321 §6.3: a simple hop count catches loops.
	hops, err := message.CountReceived(body.Reader())
	if err != nil {
		return s.later("count hops", err)
	}
	if hops > s.limits.Received {
		return refuse(554, 5, 4, 6, "This message has been through too many servers; it goes in a circle")
	}
	plan, err := s.plan(id, body.Reader())
	if err == nil {
		err = s.store.Accept(s.ctx, plan.Incoming)
	}
	var refusal *message.Reply
	switch {
	case errors.As(err, &refusal):
		return bare(refusal)
	case errors.Is(err, store.ErrOverQuota):
		return errMailboxFull
	case err != nil:
		return s.later("accept", err)
	}
	s.log.Info("accepted", "id", id, "service", s.kind, "client", s.peer.Addr, "from", s.mail.from,
		"recipients", len(s.mail.to), "size", body.Size(), "verdict", plan.Remark)
	s.metrics.Accepted.Of(s.kind.String()).Inc()
	s.metrics.Received.Add(body.Size())
	s.onward.Accepted(s.ctx, plan)
	s.noteArrival(id, plan, body.Size())
	return nil
}

// noteArrival shows on the page that mail came for somebody here. What only leaves is in the history.
func (s *smtpSession) noteArrival(id string, plan onward.Plan, size int64) {
	mail := slices.DeleteFunc(slices.Clone(plan.Deliver), func(d store.Delivery) bool { return d.SentCopy })
	if len(mail) == 0 {
		return
	}
	s.arrivals.Add(arrivals.Arrival{
		At: s.now(), ID: id, To: s.mail.to[0].Address.String(), Others: len(s.mail.to) - 1, From: s.mail.from.Domain,
		Own: s.kind == submit, Size: size, Junk: s.mail.place.Junk, Cause: s.mail.place.Cause, Author: s.mail.author,
	})
}

// plan is what the message sets off.
func (s *smtpSession) plan(id string, body *io.SectionReader) (onward.Plan, error) {
	o := &s.mail.options
	m := onward.Mail{
		ID: id, From: s.mail.from, EnvID: o.EnvelopeID, Return: string(o.Return), RequireTLS: o.RequireTLS, UTF8: o.UTF8,
		BodyType: string(o.Body), To: s.mail.to, Body: body, Trace: s.received(id),
	}
	if s.kind == submit {
		return s.onward.Submit(s.ctx, *s.account, m)
	}
	return s.judged(m)
}

// judged is the plan for a message from the world, as the judge decides.
func (s *smtpSession) judged(m onward.Mail) (onward.Plan, error) {
	d, err := s.judge.Message(s.ctx, judge.Mail{
		ID: m.ID, Client: s.peer.Addr, Helo: s.helo(), From: m.From, Body: m.Body, Accounts: m.Accounts(), Gate: s.guest,
		Role: slices.ContainsFunc(m.To, func(r onward.Recipient) bool { return strings.EqualFold(r.Address.Local, "postmaster") }),
	})
	switch {
	case err != nil:
		return onward.Plan{}, err
	case d.Refusal != nil:
		if d.Reason != "" {
			s.metrics.Refused.Of(d.Reason).Inc()
			s.guest.Note(d.Reason, *d.Refusal, m.To[0].Address)
		}
		return onward.Plan{}, d.Refusal
	}
	m.Body, m.Trace = d.Body, append(d.Header, m.Trace...)
	plan, err := s.onward.Receive(s.ctx, m)
	if err != nil {
		return plan, err
	}
	if err := s.judge.File(s.ctx, d, &plan.Incoming); err != nil {
		return plan, err
	}
	plan.Remark, s.mail.place, s.mail.author = d.String(), d.Worst(), d.Author()
	if d.Outcome.Junk {
		s.metrics.Junk.Inc()
	}
	plan.OnAccepted(func() { s.judge.Accepted(s.ctx, m.ID, s.guest, d) })
	return plan, nil
}

// received is our trace line (RFC 5321 §4.4).
func (s *smtpSession) received(id string) []byte {
	t := message.Trace{
		From: s.helo(), Addr: s.peer.Addr, By: s.name(), With: s.with(), ID: id,
		Time: s.now(), HideClient: s.kind == submit,
	}
	if state := s.conn.TLS(); state != nil {
		t.TLS = tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite)
	}
	if len(s.mail.to) == 1 {
		t.For = s.mail.to[0].Address
	}
	return t.AppendReceived(nil)
}

// with is the protocol's name in the trace line (RFC 3848, RFC 6531 §4.3).
func (s *smtpSession) with() string {
	if !s.conn.Extended() {
		return "SMTP"
	}
	with := "ESMTP"
	if s.mail.options.UTF8 {
		with = "UTF8SMTP"
	}
	if s.conn.TLS() != nil {
		with += "S"
	}
	if s.account != nil {
		with += "A"
	}
	return with
}

var (
	errTooLarge    = refuse(552, 5, 3, 4, "The message is larger than this server takes")
	errMailboxFull = refuse(452, 4, 2, 2, "The mailbox is full; its owner has to make room first")
	errDiskFull    = refuse(452, 4, 3, 1, "This server has no room left; please try again later") // RFC 3463 §3.4
)

// badBody is the reply to a message that spool did not take.
func (s *smtpSession) badBody(err error) error {
	switch {
	case errors.Is(err, spool.ErrTooLarge):
		return errTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, smtp.ErrDataReset):
		s.log.Info("message broken off", "service", s.kind, "client", s.peer.Addr, "from", s.mail.from)
		return refuse(451, 4, 4, 2, "The message was broken off")
	case errors.Is(err, spool.ErrBareLF), errors.Is(err, spool.ErrBareCR):
		// RFC 5321 §2.3.8; taking them for line ends lets one message hide another (SMTP smuggling).
		return refuse(554, 5, 6, 0, "The message has a line that does not end with CR and LF together")
	case errors.Is(err, spool.ErrLineTooLong):
		return refuse(554, 5, 6, 0, fmt.Sprintf("The message has a line longer than %d characters", s.limits.SMTPLine))
	case errors.Is(err, spool.ErrHeaderTooLarge):
		return refuse(552, 5, 3, 4, "The header of the message is too large")
	}
	return s.later("receive body", err)
}

// later is the reply to what only we can mend: the detail goes to the log, the message stays with the sender.
func (s *smtpSession) later(doing string, err error) error {
	s.log.Error("cannot "+doing, "service", s.kind, "client", s.peer.Addr, "err", err)
	if store.IsFull(err) {
		return errDiskFull
	}
	return refuse(451, 4, 3, 0, "Something is wrong here; please try again later")
}

// bare is a reply of ours as the library keeps it.
func bare(r *message.Reply) *smtp.SMTPError {
	return refuse(r.Code, r.Enhanced[0], r.Enhanced[1], r.Enhanced[2], r.Text)
}

// refuse is a bare reply: the library keeps the code of no other error.
func refuse(code, class, subject, detail int, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text}
}

// parsePath reads an address as the library gives it: local part unquoted, "" for the null sender.
func parsePath(path string) (message.Address, error) {
	switch path {
	case "":
		return message.Address{}, nil
	case smtpconn.PostmasterAlone:
		return message.Address{Local: "postmaster"}, nil
	}
	at := strings.LastIndexByte(path, '@')
	quoted := message.Address{Local: path[:at], Domain: path[at+1:]}
	return message.ParseAddress(quoted.String())
}

// checkUTF8 asks for SMTPUTF8 where an address needs it (RFC 6531 §3.5).
func checkUTF8(a message.Address, announced bool) error {
	if announced || a.ASCII() {
		return nil
	}
	return refuse(553, 5, 6, 7, "This address needs SMTPUTF8; your mail program has to announce it")
}
