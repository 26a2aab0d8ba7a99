package gate

import (
	"net/netip"
	"strings"

	"buzon/internal/message"
)

// Helo is the name that the client gave in HELO or EHLO. What is wrong with it is refused at the first recipient. Real
// servers are often badly named, so only what none of them says is refused: a name that is none, and our own.
func (s *Session) Helo(name string) *message.Reply {
	s.helo, s.badHelo, s.said = name, "", nil
	if s.home || s.exempt {
		return nil
	}
	bare := strings.TrimSuffix(strings.ToLower(name), ".")
	addr, isAddr := heloAddress(bare)
	switch {
	case !isAddr && !possibleName(bare):
		s.badHelo = "You greeted with a name that no server can have."
	case isAddr && addr == s.local || strings.Contains(bare, ".") && bare == strings.ToLower(s.gate.Name()):
		s.badHelo = "You greeted with the name of this server."
	case isAddr && addr != s.client:
		s.finding("helo-address", 1, "the sending server greets with an address that is not its own")
	case isAddr && !strings.HasPrefix(bare, "["): // RFC 5321 §4.1.3 has brackets
		s.finding("helo-form", 1, "the sending server greets with an address in place of a name")
	case !isAddr && !strings.Contains(bare, "."): // RFC 5321 §2.3.5
		s.finding("helo-name", 1, "the sending server greets with a name that is not complete")
	case s.isOurs(bare):
		s.finding("helo-domain", 2, "the sending server greets with a domain of this server")
	}
	return nil
}

func (s *Session) finding(name string, points int, text string) {
	s.said = append(s.said, Finding{name, points, text})
}

// isOurs looks whether a domain is one of ours. Our own web site may have it and send mail; so that is not refused.
func (s *Session) isOurs(name string) bool {
	ours, err := s.gate.Ours(s.ctx, name)
	if err != nil {
		s.problem("look for a domain", err)
	}
	return ours
}

// heloAddress reads an address literal (RFC 5321 §4.1.3), or an address without its brackets.
func heloAddress(name string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(strings.TrimPrefix(inner, "ipv6:"))
		return addr.Unmap(), closed && err == nil && addr.Zone() == ""
	}
	addr, err := netip.ParseAddr(name)
	return addr.Unmap(), err == nil && addr.Zone() == ""
}

// possibleName tells what can be a host's name at all. Underscores are not allowed and used all the same.
func possibleName(name string) bool {
	a, err := message.ParseAddress("postmaster@" + name)
	return err == nil && !strings.HasPrefix(a.Domain, "[")
}
