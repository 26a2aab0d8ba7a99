package junk

import (
	"bytes"
	"io"
	"strings"

	"buzon/internal/message"
)

// header takes the fields that the message came with.
func (p *reader) header(r io.ReaderAt, root *message.Part, from int64) error {
	fields := 0
	_, err := message.Fields(r, max(root.Body, 0), func(name string, raw []byte, at message.Range) bool {
		if at.From < from {
			return true
		}
		p.field(strings.ToLower(name), raw)
		fields++
		return fields < maxFields
	})
	return err
}

// field takes one. Fields that tell when and to whom, or what another filter thought, are left out: the first are of
// one message only, the last would teach the filter to believe whoever writes them.
func (p *reader) field(name string, raw []byte) {
	if len(name) > maxWord || isIgnored(name) {
		return
	}
	p.set.add(inHeader, []byte(name))
	if len(raw) > maxField {
		raw = raw[:maxField]
	}
	switch name {
	case "subject":
		p.text(inSubject, message.DecodeHeader(message.FieldValue(raw)))
	case "from", "sender", "reply-to":
		p.contacts(inFrom, message.FieldValue(raw))
	case "to", "cc":
		p.contacts(inTo, message.FieldValue(raw))
	case "received":
		p.trace(message.FieldValue(raw))
	default:
		if isTelling(name) {
			p.named(name, message.DecodeHeader(message.FieldValue(raw)))
		}
	}
}

// isTelling tells the fields whose words say what program wrote a message, and for what list. With those of all fields
// the filter was not better.
func isTelling(name string) bool {
	switch name {
	case "x-mailer", "user-agent", "x-mimeole", "organization", "errors-to", "list-id", "list-unsubscribe", "precedence",
		"x-priority", "x-msmail-priority", "importance", "mime-version", "content-type", "content-transfer-encoding":
		return true
	}
	return false
}

func isIgnored(name string) bool {
	switch name {
	case "date", "message-id", "references", "in-reply-to", "return-path", "delivered-to", "x-original-to", "envelope-to",
		"authentication-results", "received-spf", "x-bogosity", "x-status", "status", "x-keywords", "x-uid", "content-length", "lines":
		return true
	}
	return strings.HasPrefix(name, "x-spam") || strings.HasPrefix(name, "x-junk") || strings.HasPrefix(name, "arc-") || strings.HasPrefix(name, "x-buzon")
}

// text takes running text of a field, with pairs.
func (p *reader) text(k kind, s string) {
	p.words.begin(&p.set, k, k)
	p.words.text([]byte(s))
	p.words.end()
	p.set.part()
}

// contacts takes the names and addresses of a field.
func (p *reader) contacts(k kind, value string) {
	for _, c := range message.ParseContacts(value) {
		if c.Host == "" {
			continue
		}
		p.text(k, message.DecodeHeader(c.Name))
		if c.Name == "" {
			p.set.add(k, []byte("(no name)"))
		}
		p.set.add(k, lower(clip(c.Local)))
		host(&p.set, k, []byte(c.Host))
		if whole := c.Local + "@" + c.Host; k == inFrom && len(whole) <= maxField {
			p.set.add(k, lower([]byte(whole)))
		}
	}
}

// trace takes the names and addresses of a Received field, not its ids and dates.
func (p *reader) trace(value string) {
	value, _, _ = strings.Cut(value, ";")
	for word := range strings.FieldsFuncSeq(value, isTraceBreak) {
		host(&p.set, inTrace, bytes.TrimRight([]byte(word), "."))
	}
}

func isTraceBreak(r rune) bool { return r <= ' ' || strings.ContainsRune("()[]<>=@", r) }

// named takes the words of a field under its name.
func (p *reader) named(name, value string) {
	for word := range strings.FieldsFuncSeq(value, isFieldBreak) {
		if len(word) <= maxWord && !strings.HasPrefix(strings.ToLower(word), "boundary") { // of one message only
			p.set.add(inHeader, []byte(name+" "+word))
		}
	}
}

func isFieldBreak(r rune) bool { return r <= ' ' || strings.ContainsRune(`"<>();,`, r) }
