package imap

import (
	"strconv"
	"unicode/utf8"

	"buzon/internal/message"
)

// renderer appends ENVELOPE and BODYSTRUCTURE (RFC 3501 §7.4.2) to a buffer that
// its user keeps, so that a listing of many messages allocates nothing here.
// Whatever a message holds, what comes out is valid syntax.
type renderer struct {
	b    []byte
	utf8 bool // UTF8=ACCEPT is enabled (RFC 6855 §3)
}

func (r *renderer) raw(s string)     { r.b = append(r.b, s...) }
func (r *renderer) number(n int64)   { r.b = strconv.AppendInt(r.b, max(n, 0), 10) }
func (r *renderer) nstring(s string) { r.stringOr(s, "NIL") }
func (r *renderer) string(s string)  { r.stringOr(s, `""`) }

// stringOr writes s quoted, or as a literal where quotes cannot hold it: 8-bit
// octets without UTF8=ACCEPT, line ends, and what is too long for the line
// buffers of some clients. RFC 3501 §9 CHAR8: no form can hold NUL.
func (r *renderer) stringOr(s, empty string) {
	form := formOf(s)
	switch {
	case s == "":
		r.raw(empty)
	case form.nul:
		r.stringOr(withoutNUL(s), empty)
	case form.line || form.eight && !(r.utf8 && utf8.ValidString(s)) || len(s) > maxQuoted:
		r.literal(s)
	case form.escape:
		r.escaped(s)
	default:
		r.b = append(r.b, '"')
		r.b = append(r.b, s...)
		r.b = append(r.b, '"')
	}
}

// stringForm is what a string has that decides how it is written.
type stringForm struct{ nul, line, escape, eight bool }

func formOf(s string) (f stringForm) {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x80:
			f.eight = true
		case c == '"' || c == '\\':
			f.escape = true
		case c == '\r' || c == '\n':
			f.line = true
		case c == 0:
			f.nul = true
		}
	}
	return f
}

func withoutNUL(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] != 0 {
			out = append(out, s[i])
		}
	}
	return string(out)
}

func (r *renderer) literal(s string) {
	r.b = append(r.b, '{')
	r.number(int64(len(s)))
	r.raw("}\r\n")
	r.raw(s)
}

func (r *renderer) escaped(s string) {
	r.b = append(r.b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			r.b = append(r.b, '\\')
		}
		r.b = append(r.b, s[i])
	}
	r.b = append(r.b, '"')
}

// envelope writes e. RFC 3501 §7.4.2: Sender and Reply-To default to From.
func (r *renderer) envelope(e *message.Envelope) {
	r.b = append(r.b, '(')
	r.nstring(e.Date)
	r.b = append(r.b, ' ')
	r.nstring(e.Subject)
	for _, list := range [...][]message.Contact{
		e.From, orFrom(e.Sender, e), orFrom(e.ReplyTo, e), e.To, e.Cc, e.Bcc,
	} {
		r.b = append(r.b, ' ')
		r.contacts(list)
	}
	r.b = append(r.b, ' ')
	r.nstring(e.InReplyTo)
	r.b = append(r.b, ' ')
	r.nstring(e.MessageID)
	r.b = append(r.b, ')')
}

func orFrom(list []message.Contact, e *message.Envelope) []message.Contact {
	if len(list) == 0 {
		return e.From
	}
	return list
}

// contacts writes an address list, without spaces between its elements (RFC
// 3501 §9 env-from).
func (r *renderer) contacts(list []message.Contact) {
	if len(list) == 0 {
		r.raw("NIL")
		return
	}
	r.b = append(r.b, '(')
	for i := range list {
		r.contact(&list[i])
	}
	r.b = append(r.b, ')')
}

// contact writes one address. RFC 3501 §7.4.2: NIL for the host means a group,
// NIL for the mailbox too the group's end; message.ParseContacts sees to it that
// nothing else has these.
func (r *renderer) contact(c *message.Contact) {
	r.b = append(r.b, '(')
	for i, field := range [...]string{c.Name, c.Route, c.Local, c.Host} {
		if i > 0 {
			r.b = append(r.b, ' ')
		}
		r.nstring(field)
	}
	r.b = append(r.b, ')')
}
