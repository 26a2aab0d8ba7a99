package report

import (
	"fmt"
	"time"

	"buzon/internal/message"
)

// Paused tells somebody that an account may not send for now: its owner, and whoever looks after the server.
type Paused struct {
	Language  string
	Host      string          // our host name
	Account   message.Address // whose sending is paused
	Reason    string          // one sentence of what was noticed; may be empty
	From, To  message.Address
	MessageID string // without brackets; "" makes one
	Now       time.Time
}

// Mail writes the notice. It fails only without sender or recipient.
func (p Paused) Mail() (Mail, error) {
	switch {
	case p.To.IsZero():
		return Mail{}, fmt.Errorf("build notice: %w", errNullSender)
	case p.From.IsZero():
		return Mail{}, fmt.Errorf("build notice: %w", errNoReporter)
	}
	if p.MessageID == "" {
		p.MessageID = message.NewMessageID(p.From.Domain)
	}
	w := words(p.Language)
	h := head{
		fromName: w.Say("report_from"), from: p.From, to: p.To, id: p.MessageID, now: p.Now,
		subject: w.Say("notice_paused_subject", "address", p.Account),
		auto:    "auto-generated", // RFC 3834 §5: it answers nothing
		utf8:    needsUTF8(p.To),
	}
	b := appendText(h.write(), w.Lang, p.text())
	return Mail{Body: section(b), BodyType: "7BIT", UTF8: h.utf8}, nil
}

func (p *Paused) text() string {
	w := words(p.Language)
	text := w.Say("notice_paused", "address", p.Account) + "\n\n"
	if p.Reason != "" {
		text += w.Say("notice_paused_reason", "reason", p.Reason) + "\n\n"
	}
	text += w.Say("notice_paused_todo", "address", p.Account) + "\n\n"
	return text + "-- \n" + w.Say("notice_signature", "host", p.Host) + "\n"
}
