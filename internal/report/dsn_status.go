package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"buzon/internal/message"
)

// appendStatus appends the part for programs (RFC 3464 §2.1), its header included. The fields of the message come first,
// then those of each recipient, with empty lines between.
func (d *DSN) appendStatus(b []byte, utf8 bool) []byte {
	b = message.AppendText(b, "Content-Description", words(d.Language).Say("report_description_status"))
	fields := d.messageFields()
	for i := range d.Recipients {
		fields = d.recipientFields(append(fields, "\r\n"...), &d.Recipients[i])
	}
	if !d.global() {
		b = message.AppendWords(b, "Content-Type", "message/delivery-status")
		return append(append(b, "\r\n"...), fields...)
	}
	b = message.AppendWords(b, "Content-Type", "message/global-delivery-status") // RFC 6533 §5
	if utf8 {
		b = message.AppendWords(b, "Content-Transfer-Encoding", "8bit")
		return append(append(b, "\r\n"...), fields...)
	}
	// RFC 6533 §5 lets this type be encoded, unlike message/delivery-status: its reader may know no SMTPUTF8.
	b = message.AppendWords(b, "Content-Transfer-Encoding", "quoted-printable")
	return append(append(b, "\r\n"...), quotedText(string(fields))...)
}

// global tells that a recipient has no name in ASCII.
func (d *DSN) global() bool {
	return slices.ContainsFunc(d.Recipients, func(r Recipient) bool {
		return needsUTF8(r.Final) || !isASCII(r.Original)
	})
}

func isASCII(s string) bool { return message.Address{Local: s}.ASCII() }

// messageFields are those of RFC 3464 §2.2.
func (d *DSN) messageFields() []byte {
	var b []byte
	if d.EnvID != "" {
		b = message.AppendWords(b, "Original-Envelope-Id", d.line(d.EnvID)...)
	}
	b = message.AppendWords(b, "Reporting-MTA", "dns;", d.oneLine(d.ReportingMTA))
	return message.AppendWords(b, "Arrival-Date", message.FormatDate(d.Arrival))
}

// recipientFields are those of RFC 3464 §2.3.
func (d *DSN) recipientFields(b []byte, r *Recipient) []byte {
	if r.Original != "" {
		kind, address, ok := strings.Cut(r.Original, ";")
		if !ok {
			kind, address = "rfc822", r.Original
		}
		b = message.AppendWords(b, "Original-Recipient", d.oneLine(kind)+";", d.oneLine(address))
	}
	b = message.AppendWords(b, "Final-Recipient", finalType(r.Final)+";", message.HeaderAddress(r.Final, needsUTF8(r.Final)))
	b = message.AppendWords(b, "Action", d.action(r).String())
	b = message.AppendWords(b, "Status", d.status(r))
	if r.RemoteMTA != "" {
		b = message.AppendWords(b, "Remote-MTA", "dns;", d.oneLine(r.RemoteMTA))
	}
	if r.Diagnostic.Code != 0 {
		b = message.AppendWords(b, "Diagnostic-Code", append([]string{"smtp;"}, d.line(quoteReply(r.Diagnostic))...)...)
	}
	b = appendTime(b, "Last-Attempt-Date", r.Last)
	if d.action(r) == Delayed { // RFC 3464 §2.3.9: not with others
		b = appendTime(b, "Will-Retry-Until", r.WillRetryUntil)
	}
	return b
}

// finalType is "utf-8" for what only RFC 6533 §3 can name.
func finalType(a message.Address) string {
	if needsUTF8(a) {
		return "utf-8"
	}
	return "rfc822"
}

func appendTime(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return message.AppendWords(b, name, message.FormatDate(t))
}

func (d *DSN) action(r *Recipient) Kind {
	if r.Action == 0 {
		return d.Kind
	}
	return r.Action
}

// status is the code of RFC 3464 §2.3.4, whose class must fit the action.
func (d *DSN) status(r *Recipient) string {
	if r.Status != "" {
		return d.oneLine(r.Status)
	}
	class, e := 2, r.Diagnostic.Enhanced
	switch d.action(r) {
	case Failed:
		class = 5
		if d.expired(r) { // RFC 3463 §3.5: delivery time expired
			return "4.4.7"
		}
	case Delayed:
		class = 4
	}
	if e[0] != class || slices.Min(e[1:]) < 0 || slices.Max(e[1:]) > 999 {
		return fmt.Sprintf("%d.0.0", class)
	}
	return fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2])
}

// expired tells that we gave up on what could still have changed.
func (d *DSN) expired(r *Recipient) bool {
	return d.action(r) == Failed && (classOf(r.Diagnostic) == 4 || r.Status == "4.4.7")
}

// oneLine is a value without anything that could end its line, or begin another word.
func (d *DSN) oneLine(s string) string { return strings.Join(d.line(s), "") }

// line are the words of a value that came from outside: without UTF-8 where the fields have none.
func (d *DSN) line(s string) []string {
	global := d.global()
	return strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r < ' ':
			return ' '
		case r == 0x7f, r > 0x7f && (!global || r < 0xa0):
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
}
