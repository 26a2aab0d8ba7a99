package report

import (
	"fmt"
	"strings"
	"time"

	"buzon/internal/message"
)

// Vacation is the answer in place of a person who is away (RFC 3834). It goes to the envelope's sender, never to Reply-To
// (§4), and from the null sender, so that nothing answers it and nothing bounces to the person (§3.3).
type Vacation struct {
	Language  string          // for the little that is not the person's own
	From      message.Address // the account, by the address that the mail came to
	Name      string          // of its owner; may be empty
	To        message.Address // the envelope's sender
	Subject   string          // the person's own; "" is "Re:" and that of the mail
	Text      string          // the person's own
	MessageID string          // of the answer, without brackets; "" makes one
	Now       time.Time
	Facts     Facts // of the mail that is answered
}

// maxVacation is how much of a text is sent: who writes more wrote by mistake.
const maxVacation = 64 << 10 // octets

// Mail writes the answer. It fails only without sender or recipient.
func (v Vacation) Mail() (Mail, error) {
	switch {
	case v.To.IsZero():
		return Mail{}, fmt.Errorf("build vacation answer: %w", errNullSender)
	case v.From.IsZero():
		return Mail{}, fmt.Errorf("build vacation answer: %w", errNoReporter)
	}
	if v.MessageID == "" {
		v.MessageID = message.NewMessageID(v.From.Domain)
	}
	h := head{
		fromName: v.Name, from: v.From, to: v.To, subject: v.subject(), id: v.MessageID, now: v.Now,
		auto:    "auto-replied", // RFC 3834 §3.1.7
		replyTo: v.Facts.MessageID, thread: v.Facts.References,
		utf8: needsUTF8(v.To) || needsUTF8(v.From),
	}
	b := h.write()
	b = message.AppendWords(b, "X-Auto-Response-Suppress", "All") // Exchange goes by this, not by RFC 3834
	text := v.Text[:min(len(v.Text), maxVacation)]
	b = appendText(b, "", strings.ToValidUTF8(text, "")+"\n") // whose language only its writer knows
	return Mail{Body: section(b), BodyType: "7BIT", UTF8: h.utf8}, nil
}

// subject is RFC 3834 §3.1.5, but for its "Auto:": people look for "Re:", programs for Auto-Submitted.
func (v *Vacation) subject() string {
	if v.Subject != "" {
		return v.Subject
	}
	w := words(v.Language)
	subject := readable(v.Facts.Subject)
	if len(subject) >= 3 && strings.EqualFold(subject[:3], "re:") {
		subject = strings.TrimSpace(subject[3:])
	}
	if subject == "" {
		return w.Say("vacation_no_subject")
	}
	return w.Say("vacation_re", "subject", subject)
}
