package gate

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"buzon/internal/dns"
	"buzon/internal/message"
	"buzon/internal/store"
)

// Session is one connection to port 25. Its methods are called from one goroutine at a time, Close last.
type Session struct {
	gate   *Gate
	client netip.Addr
	local  netip.Addr // the address of ours that it came to
	home   bool       // of our own network: never judged
	exempt bool       // the owner allows this address

	stranger bool // never brought mail
	ctx      context.Context
	cancel   context.CancelFunc
	done     func() // gives the place among the connections back
	look     *look  // nil: there is nothing to find out

	helo    string
	badHelo string    // what is wrong with it; refused at the first recipient
	said    []Finding // about HELO
	mail    mail
}

// mail is one transaction.
type mail struct {
	from                       message.Address
	delayed                    bool
	accounts, allowed, blocked []store.AccountID
	allowedByBox               bool
}

// Finding is one thing that speaks against a client, and how much.
type Finding struct {
	Name   string // one word, for programs
	Points int
	Text   string // for people
}

// NewSession begins a session of client, who came to our address local. Questions to DNS begin with Connect and end with ctx, or Close.
func (g *Gate) NewSession(ctx context.Context, client, local netip.Addr) *Session {
	ctx, cancel := context.WithCancel(ctx)
	client = client.Unmap().WithZone("")
	return &Session{
		gate: g, client: client, local: local.Unmap().WithZone(""), home: g.home(client), ctx: ctx, cancel: cancel, done: func() {},
	}
}

// Connect gives the connection a place and begins to look who that is. A reply other than nil is said in place of the greeting.
func (s *Session) Connect() *message.Reply {
	if s.home {
		return nil
	}
	if s.exempt = s.allowedAddress(); s.exempt {
		s.begin(false)
		return nil
	}
	s.stranger = !s.acquainted(Network(s.client), "").known
	done, ok := s.gate.sources.Open(s.client, s.stranger)
	if !ok {
		return s.refuse(s.tooMany("Too many connections come from your address %s; please come back later."))
	}
	s.done = done
	s.begin(true)
	return nil
}

// allowedAddress looks whether the owner allows the address, before it is known whom the mail is for.
func (s *Session) allowedAddress() bool {
	access, err := s.gate.Store.Access(s.ctx, nil, store.Caller{Client: s.client})
	if err != nil {
		s.problem("look at the rules", err)
	}
	return access.Allow.ID != 0
}

// GreetWait is how long the client has to be silent before it is greeted: those who talk at once do not follow the
// protocol. Only strangers wait, and those who did wrong.
func (s *Session) GreetWait() time.Duration {
	switch {
	case s.home, s.exempt:
		return 0
	case s.stranger && s.gate.Settings().SlowStrangers, s.gate.sources.IsSlow(s.client):
		return s.gate.Limits.GreetWait
	}
	return 0
}

// Early is for a client that talked before it was greeted (RFC 5321 §4.3.1). The reply ends the connection.
func (s *Session) Early() *message.Reply {
	s.gate.sources.Error(s.client)
	return s.refuse(refusal{Early, message.Reply{
		Code: 554, Enhanced: [3]int{5, 5, 1}, Text: "You talked before you were greeted, which mail servers do not." + allowHint(s.client.String()),
	}})
}

// Said hears the code of every reply to the client. A reply other than nil is said after it and ends the connection.
func (s *Session) Said(code int) *message.Reply {
	if code < 500 || s.home || s.exempt || s.gate.sources.Error(s.client) {
		return nil
	}
	return s.refuse(s.enough(Errors, "There were too many errors from your address %s; please come back later."))
}

// Mail is the sender of a new message.
func (s *Session) Mail(from message.Address) *message.Reply {
	s.mail = mail{from: from}
	if s.home || s.exempt || s.gate.sources.Message(s.client) {
		return nil
	}
	r := s.tooMany("Too many messages come from your address %s; please come back later.")
	r.reply.Code, r.reply.Enhanced = 451, [3]int{4, 7, 1} // the connection may go on
	return s.refuse(r)
}

// Home tells that the client is of our own network.
func (s *Session) Home() bool { return s.home }

// Close ends what the session began; it may be called again.
func (s *Session) Close() {
	s.cancel()
	s.done()
}

// Findings are what speaks against the client so far, waiting for DNS where it must; for the verdict and the log.
func (s *Session) Findings() []Finding {
	return append(slices.Clone(s.said), s.look.findings(s.ctx)...)
}

// Reverse is what the names of the client's address are worth.
func (s *Session) Reverse() dns.Reverse { return s.look.names(s.ctx) }

// Allowed tells whether a rule of the box, or of any account that the message is for, lets it in.
func (s *Session) Allowed() bool { return s.mail.allowedByBox || len(s.mail.allowed) > 0 }

// Allows tells whether a rule of the box or of that account lets the message in.
func (s *Session) Allows(account store.AccountID) bool {
	return s.mail.allowedByBox || slices.Contains(s.mail.allowed, account)
}

// Blocks tells whether the account keeps the sender out, where others that the same recipient leads to do not.
func (s *Session) Blocks(account store.AccountID) bool {
	return slices.Contains(s.mail.blocked, account)
}

// problem is what only we can mend.
func (s *Session) problem(doing string, err error) {
	if s.ctx.Err() == nil {
		s.gate.Log.Error("cannot "+doing, "service", "smtp", "client", s.client, "err", err)
	}
}
