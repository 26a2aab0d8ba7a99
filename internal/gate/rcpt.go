package gate

import (
	"context"
	"fmt"
	"strings"

	"buzon/internal/message"
	"buzon/internal/store"
)

// Recipient is whom a message is for.
type Recipient struct {
	Address  message.Address
	Known    bool              // it is ours, or a bounce to what we sent on
	Accounts []store.AccountID // that it leads to
}

// Rcpt decides about one recipient. One that is not known gets its refusal from whoever looked it up; here it is counted.
// It may take some seconds: what DNS says of the client is needed now, and some have to wait. ctx ends that.
func (s *Session) Rcpt(ctx context.Context, to Recipient) *message.Reply {
	if s.home {
		return s.rules(ctx, to) // only the owner's own
	}
	if !to.Known {
		return s.stray(ctx)
	}
	for _, step := range []func(context.Context, Recipient) *message.Reply{s.rules, s.reputation, s.greylist, s.slow} {
		if reply := step(ctx, to); reply != nil {
			return reply
		}
		if s.allows(to) {
			return nil
		}
	}
	return nil
}

// allows tells that a rule lets the message in to this recipient.
func (s *Session) allows(to Recipient) bool {
	for _, account := range to.Accounts {
		if s.Allows(account) {
			return true
		}
	}
	return s.mail.allowedByBox
}

// stray counts a recipient that is not here: one too many ends the connection.
func (s *Session) stray(ctx context.Context) *message.Reply {
	if s.exempt {
		return nil
	}
	if !s.gate.sources.UnknownRecipient(s.client) {
		return s.refuse(s.enough(Unknown, "Too many of your recipients are not here, %s; please come back later."))
	}
	return s.slow(ctx, Recipient{})
}

// rules are the owner's.
func (s *Session) rules(ctx context.Context, to Recipient) *message.Reply {
	caller := store.Caller{Client: s.client, Hosts: s.look.names(ctx).Names, From: []message.Address{s.mail.from}}
	access, err := s.gate.Store.Access(ctx, to.Accounts, caller)
	if err != nil {
		s.problem("look at the rules", err)
		return s.trouble()
	}
	s.remember(to.Accounts, access)
	if access.Block.ID == 0 {
		return nil
	}
	return s.refuseTo(s.no(Blocked, "The recipient does not take mail from you."), to.Address)
}

func (s *Session) remember(accounts []store.AccountID, access store.Access) {
	m := &s.mail
	m.accounts = append(m.accounts, accounts...)
	m.allowed = append(m.allowed, access.Allowed...)
	m.blocked = append(m.blocked, access.Blocked...)
	m.allowedByBox = m.allowedByBox || access.Allow.ID != 0 && access.Allow.Account == 0
}

// trouble is ours: the sender keeps the message.
func (s *Session) trouble() *message.Reply {
	s.gate.Count(Trouble)
	return &message.Reply{Code: 451, Enhanced: [3]int{4, 3, 0}, Text: "Something is wrong here; please try again later"}
}

// reputation is the name given in HELO, and the block lists.
func (s *Session) reputation(ctx context.Context, to Recipient) *message.Reply {
	if isRole(to.Address) {
		return nil
	}
	if s.badHelo != "" {
		return s.refuseTo(s.no(Helo, s.badHelo), to.Address)
	}
	points, zones := 0, []string(nil)
	for _, list := range s.look.listed(ctx) {
		points += list.Points
		zones = append(zones, list.Zone)
	}
	if most := s.gate.Settings().BlockPoints; most == 0 || points < most {
		return nil
	}
	return s.refuseTo(s.no(Listed, fmt.Sprintf("Your server %s is on the block list of %s.", s.client, strings.Join(zones, ", "))), to.Address)
}

// isRole tells of those whom everybody can write to.
func isRole(a message.Address) bool {
	return strings.EqualFold(a.Local, "postmaster") || strings.EqualFold(a.Local, "abuse")
}

// greylist asks those whom we know nothing good of to come again (RFC 6647).
func (s *Session) greylist(ctx context.Context, to Recipient) *message.Reply {
	if !s.gate.Settings().Greylist || s.mail.from.IsZero() || isRole(to.Address) || s.trusted(ctx, to) {
		return nil
	}
	answer, err := s.gate.Store.Greylist(ctx, Network(s.client), s.mail.from.Key(), to.Address.Key())
	switch {
	case err != nil:
		s.problem("look at the greylist", err)
		return s.trouble()
	case answer.Pass:
		return nil
	}
	minutes := max(1, int(answer.Wait.Round(0).Minutes()+0.5))
	return s.refuseTo(refusal{Greylist, message.Reply{
		Code: 451, Enhanced: [3]int{4, 7, 1}, Text: fmt.Sprintf("You are new here: please try again in %d min.", minutes) + allowHint(s.nameForRule()),
	}}, to.Address)
}

// trusted tells of senders to whom an account wrote, and of domains whose mail from this provider passed DMARC.
func (s *Session) trusted(ctx context.Context, to Recipient) bool {
	if s.acquainted(s.via(ctx), s.mail.from.Domain).passed {
		return true
	}
	for _, account := range to.Accounts {
		known, err := s.gate.Store.Correspondents(ctx, account, s.mail.from)
		if err != nil {
			s.problem("look for a correspondent", err)
		}
		if known {
			return true
		}
	}
	return false
}

// slow keeps strangers waiting, once a message, and those who did wrong at each recipient.
func (s *Session) slow(ctx context.Context, to Recipient) *message.Reply {
	switch {
	case s.exempt:
	case s.gate.sources.IsSlow(s.client):
		if !s.gate.delay(ctx, s.gate.Limits.SlowDelay) {
			return s.refuse(s.tooMany("Too many clients like you, %s, are waiting; please come back later."))
		}
	case s.mail.delayed || !s.stranger || !s.gate.Settings().SlowStrangers:
	case s.acquainted(s.via(ctx), s.mail.from.Domain).known, s.trusted(ctx, to):
	default:
		s.mail.delayed = true
		s.gate.delay(ctx, s.gate.Limits.StrangerDelay)
	}
	return nil
}
