package gate

import (
	"context"

	"buzon/internal/message"
	"buzon/internal/store"
)

// Content decides about a message by the addresses of its From field, which is whom people see and block. nil takes it.
func (s *Session) Content(ctx context.Context, authors []message.Address) *message.Reply {
	if len(authors) == 0 {
		return nil
	}
	const enough = 20 // authors: real mail has one
	accounts := s.mail.accounts
	access, err := s.gate.Store.Access(ctx, accounts, store.Caller{From: authors[:min(len(authors), enough)]})
	if err != nil {
		s.problem("look at the rules", err)
		return s.trouble()
	}
	wanted := s.Allowed()
	s.remember(nil, access)
	if access.Block.ID == 0 || wanted {
		return nil
	}
	return s.refuse(s.no(Blocked, "The recipient does not take mail from you."))
}

// Outcome is what became of a message.
type Outcome struct {
	Junk  bool // it was filed as junk, or is suspected to be
	DMARC bool // its author's domain passed DMARC
}

// Accepted is for a message that was taken. Who brings good mail is no stranger any more.
func (s *Session) Accepted(o Outcome) {
	if s.home || o.Junk {
		return
	}
	s.gate.journal.acquaint(store.Acquaintance{Source: Network(s.client)})
	if domain := s.mail.from.Domain; domain != "" {
		s.gate.journal.acquaint(store.Acquaintance{Source: s.via(s.ctx), Domain: domain, Passed: o.DMARC})
	}
}

type acquaintance struct{ known, passed bool }

// acquainted asks the file; what cannot be told is a stranger.
func (s *Session) acquainted(source, domain string) acquaintance {
	if source == "" || domain == "" && source != Network(s.client) {
		return acquaintance{}
	}
	known, passed, err := s.gate.Store.Acquainted(s.ctx, source, domain)
	if err != nil {
		s.problem("look for an acquaintance", err)
	}
	return acquaintance{known, passed}
}

// via is by whom mail comes: the provider that the host's confirmed name belongs to, else the network. A sender's domain
// alone would be worth nothing: everybody can write it.
func (s *Session) via(ctx context.Context) string {
	if name := organisation(s.look.names(ctx).Name()); name != "" {
		return name
	}
	return Network(s.client)
}
