package smtpclient

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"buzon/internal/message"
)

// foresee refuses what this peer cannot take, before anything is sent.
func (t *transaction) foresee() error {
	ext := t.c.ext
	if t.mail.RequireTLS && (t.c.TLS() == nil || !ext.RequireTLS) { // RFC 8689 §4.2.1
		t.settle(message.Reply{Code: 550, Enhanced: [3]int{5, 7, 30},
			Text: fmt.Sprintf("The message asks for REQUIRETLS, which %s does not offer.", t.c.host)})
		return nil
	}
	if err := t.foreseeUTF8(); err != nil {
		return err
	}
	for i, to := range t.mail.To {
		if !sendable(to.Address) || to.Address.IsZero() {
			t.replies[i] = message.Reply{Code: 553, Enhanced: [3]int{5, 1, 3}, Text: "The recipient's address cannot be written in SMTP."}
		}
	}
	if !sendable(t.mail.From) {
		t.settle(message.Reply{Code: 553, Enhanced: [3]int{5, 1, 7}, Text: "The sender's address cannot be written in SMTP."})
	}
	return nil
}

// foreseeUTF8 decides about SMTPUTF8. RFC 6531 §3.5: what needs it cannot go to a peer without; what was declared but
// needs it not can.
func (t *transaction) foreseeUTF8() error {
	t.utf8 = t.mail.UTF8 || !isASCII(t.mail.From.Local)
	for _, to := range t.mail.To {
		t.utf8 = t.utf8 || !isASCII(to.Address.Local)
	}
	if !t.utf8 || t.c.ext.UTF8 {
		return nil
	}
	t.utf8 = false
	for i, to := range t.mail.To {
		if !isASCII(to.Address.Local) {
			t.replies[i] = t.noUTF8([3]int{5, 6, 7}, "the recipient's address")
		}
	}
	if !isASCII(t.mail.From.Local) {
		t.settle(t.noUTF8([3]int{5, 6, 7}, "the sender's address"))
	}
	if !t.mail.UTF8 || !t.open() {
		return nil
	}
	ascii := true
	err := message.Header(io.NewSectionReader(t.mail.Body, 0, t.mail.Body.Size()), func(_ string, raw []byte) bool {
		ascii = isASCII(string(raw))
		return ascii
	})
	if err != nil {
		return &Error{Host: t.c.host, Stage: "body", Err: err}
	}
	if !ascii {
		t.settle(t.noUTF8([3]int{5, 6, 9}, "the header of the message"))
	}
	return nil
}

// noUTF8 is the refusal of RFC 6531 §3.5 and §4.3.
func (t *transaction) noUTF8(enhanced [3]int, what string) message.Reply {
	return message.Reply{Code: 550, Enhanced: enhanced,
		Text: fmt.Sprintf("%s does not take mail beyond ASCII (SMTPUTF8), and %s is.", t.c.host, what)}
}

// sendable tells that a can stand in a command line. Addresses come parsed; this keeps a fault elsewhere from becoming
// commands of its own.
func sendable(a message.Address) bool {
	if strings.ContainsFunc(a.Local+a.Domain, unicode.IsControl) || strings.ContainsAny(a.Domain, "<> ") {
		return false
	}
	return a.Domain == "" || a.ASCIIDomain() != ""
}

// path is a between angle brackets. Domains go out as A-labels, which every peer takes.
func path(a message.Address) string {
	return "<" + message.Address{Local: a.Local, Domain: a.ASCIIDomain()}.String() + ">"
}
