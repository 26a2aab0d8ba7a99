package imap

import (
	"buzon/internal/message"
)

// sortKey is one row of the table of what SORT can sort by: a number or a text.
type sortKey struct {
	capability string // that must be visible; empty: always
	envelope   bool   // it needs the envelope
	number     func(m *Message, e *message.Envelope) int64
	text       func(e *message.Envelope) string // UTF-8, to be collated
}

// sortKeys is the table (RFC 5256 §3, RFC 5957 §4). A missing field is the
// empty text, which comes first.
var sortKeys = map[string]*sortKey{
	"ARRIVAL": {number: func(m *Message, _ *message.Envelope) int64 { return m.Received.Unix() }},
	"SIZE":    {number: func(m *Message, _ *message.Envelope) int64 { return m.Size }},
	"DATE":    {envelope: true, number: sentDate},
	"SUBJECT": {envelope: true, text: baseSubject},
	"FROM":    {envelope: true, text: func(e *message.Envelope) string { return firstLocal(e.From) }},
	"TO":      {envelope: true, text: func(e *message.Envelope) string { return firstLocal(e.To) }},
	"CC":      {envelope: true, text: func(e *message.Envelope) string { return firstLocal(e.Cc) }},

	"DISPLAYFROM": {envelope: true, capability: "SORT=DISPLAY", text: func(e *message.Envelope) string { return firstDisplay(e.From) }},
	"DISPLAYTO":   {envelope: true, capability: "SORT=DISPLAY", text: func(e *message.Envelope) string { return firstDisplay(e.To) }},
}

// sentDate is RFC 5256 §2.2's: the Date field in UTC, or INTERNALDATE when it cannot be read.
func sentDate(m *Message, e *message.Envelope) int64 {
	if t, ok := message.ParseDate(e.Date); ok {
		return t.Unix()
	}
	return m.Received.Unix()
}

func baseSubject(e *message.Envelope) string {
	base, _ := message.BaseSubject(e.Subject)
	return base
}

// firstLocal is addr-mailbox of the first address.
func firstLocal(list []message.Contact) string {
	if len(list) == 0 {
		return ""
	}
	return knownLocal(&list[0])
}

// knownLocal is the local part, without what message puts in the place of a missing one.
func knownLocal(k *message.Contact) string {
	if k.Local == message.MissingLocal {
		return ""
	}
	return k.Local
}

// firstDisplay is what RFC 5957 §3 sorts an address by: its name, or the address.
func firstDisplay(list []message.Contact) string {
	if len(list) == 0 {
		return ""
	}
	k := &list[0]
	if name := message.DecodeHeader(k.Name); name != "" {
		return name
	}
	local := knownLocal(k)
	if local != "" && k.Host != "" && k.Host != message.MissingHost {
		return local + "@" + k.Host
	}
	return local
}
