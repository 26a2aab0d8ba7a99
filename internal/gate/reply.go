package gate

import (
	"fmt"
	"strings"

	"buzon/internal/message"
	"buzon/internal/store"
)

// Why something was refused: Refusal.Reason in the store, and the label of the counters. Other packages have their own.
const (
	Blocked  = "blocked"  // by the owner's rule
	Listed   = "listed"   // on block lists
	Helo     = "helo"     // an impossible name, or ours
	Early    = "early"    // talked before it was greeted
	Rate     = "rate"     // too many connections or messages
	Errors   = "errors"   // too many refused commands
	Unknown  = "unknown"  // too many recipients that are not here
	Greylist = "greylist" // asked to come again; only counted
	Trouble  = "trouble"  // of ours; only counted
)

// Reasons are all of them, for counters that need to know before.
func Reasons() []string {
	return []string{Blocked, Listed, Helo, Early, Rate, Errors, Unknown, Greylist, Trouble}
}

type refusal struct {
	reason string
	reply  message.Reply
}

// refuse notes a refusal and gives the reply.
func (s *Session) refuse(r refusal) *message.Reply { return s.refuseTo(r, message.Address{}) }

func (s *Session) refuseTo(r refusal, to message.Address) *message.Reply {
	s.Note(r.reason, r.reply, to)
	return &r.reply
}

// Note puts a refusal that somebody else decided on (a bad signature, say) into the log and the list; to may be zero.
func (s *Session) Note(reason string, reply message.Reply, to message.Address) {
	s.gate.Count(reason)
	s.gate.Log.Info("refused", "reason", reason, "client", s.client, "helo", s.helo, "from", s.mail.from, "to", to, "reply", reply.String())
	if s.home || reason == Greylist || reason == Trouble {
		return
	}
	var host string
	if l := s.look; l != nil {
		select {
		case <-l.finished:
			host = l.reverse.Name()
		default: // not worth waiting for
		}
	}
	s.gate.journal.refused(store.Refusal{
		At: s.gate.Now(), Times: 1, Client: s.client.String(), Host: host, Helo: s.helo,
		Sender: s.mail.from.String(), Recipient: to.String(), Reason: reason, Reply: reply.String(),
	})
}

// tooMany is for now only; the connection ends.
func (s *Session) tooMany(text string) refusal { return s.enough(Rate, text) }

// enough is 421: the connection ends with it (RFC 5321 §3.8).
func (s *Session) enough(reason, text string) refusal {
	return refusal{reason, message.Reply{
		Code: 421, Enhanced: [3]int{4, 7, 0}, Text: fmt.Sprintf(text, s.client) + allowHint(s.client.String()),
	}}
}

// no is a refusal for who the sender is.
func (s *Session) no(reason, text string) refusal {
	return refusal{reason, message.Reply{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: text + allowHint(s.nameForRule())}}
}

// AllowHint is the sentence for the end of a refusal that somebody else decided on.
func (s *Session) AllowHint() string { return strings.TrimSpace(allowHint(s.nameForRule())) }

// allowHint says how the owner can let somebody in. The sender reads it, and can tell the owner.
func allowHint(what string) string {
	return " The owner of this server can allow it with: buzon allow add " + what
}

// maxNamed keeps a reply within a line (RFC 5321 §4.5.3.1.5).
const maxNamed = 100 // octets

// nameForRule is what to allow: the sender, whose host may be another tomorrow, else the host.
func (s *Session) nameForRule() string {
	if from := s.mail.from.String(); !s.mail.from.IsZero() && len(from) <= maxNamed && harmless(from) {
		return from
	}
	return s.client.String()
}

// harmless tells that a stranger's address can be put on a command line as it stands.
func harmless(text string) bool {
	return !strings.HasPrefix(text, "-") && strings.IndexFunc(text, func(r rune) bool { return !isPlain(r) }) < 0
}

func isPlain(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(".@_+=-", r)
}
