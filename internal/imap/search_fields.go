package imap

import (
	"fmt"
	"strings"

	"buzon/internal/fold"
	"buzon/internal/message"
)

// envelopeFields are the fields whose text the envelope has, by upper-case name.
// Sender and Reply-To are not: it has From where they are missing.
var envelopeFields = map[string]func(e *message.Envelope) envelopeText{
	"BCC":         func(e *message.Envelope) envelopeText { return envelopeText{contacts: e.Bcc} },
	"CC":          func(e *message.Envelope) envelopeText { return envelopeText{contacts: e.Cc} },
	"FROM":        func(e *message.Envelope) envelopeText { return envelopeText{contacts: e.From} },
	"TO":          func(e *message.Envelope) envelopeText { return envelopeText{contacts: e.To} },
	"DATE":        func(e *message.Envelope) envelopeText { return envelopeText{text: e.Date} },
	"IN-REPLY-TO": func(e *message.Envelope) envelopeText { return envelopeText{text: e.InReplyTo} },
	"MESSAGE-ID":  func(e *message.Envelope) envelopeText { return envelopeText{text: e.MessageID} },
	"SUBJECT":     func(e *message.Envelope) envelopeText { return envelopeText{text: e.Subject} },
}

// envelopeText is a field of an envelope, of either kind.
type envelopeText struct {
	text     string
	contacts []message.Contact
}

// fullList is how many contacts in a list mean that there may have been more
// (message keeps at most 1,000 of a whole header).
const fullList = 100 // contacts

// envelope is the message's, decoded once.
func (c *candidate) envelope() *message.Envelope {
	if c.env == nil {
		e, err := message.DecodeEnvelope(c.m.Envelope)
		if err != nil {
			c.fail(fmt.Errorf("decode envelope: %w", err))
			e = &message.Envelope{}
		}
		c.env = e
	}
	return c.env
}

// envelopeHas looks for n in a field of the envelope. It is unknown where the
// header may say more: whether an empty field is there, and long lists.
func (c *candidate) envelopeHas(read func(*message.Envelope) envelopeText, n needle) verdict {
	field := read(c.envelope())
	there := field.text != "" || len(field.contacts) > 0
	if n.folded == "" { // RFC 3501 §6.4.4 HEADER: any message with that field
		if there {
			return yes
		}
		return unknown
	}
	switch {
	case !there:
		return no
	case c.textHas(n, message.DecodeHeader(field.text)) || c.contactsHave(n, field.contacts):
		return yes
	case len(field.contacts) >= fullList:
		return unknown
	}
	return no
}

// contactsHave looks for n in each contact as it is mostly written.
func (c *candidate) contactsHave(n needle, list []message.Contact) bool {
	for i := range list {
		if c.textHas(n, fold.Contact(&list[i])) {
			return true
		}
	}
	return false
}

func (c *candidate) textHas(n needle, text string) bool {
	return n.in(text, &c.finder.scanner.scratch)
}

// open opens the message for reading.
func (c *candidate) open() bool {
	if c.body == nil && c.err == nil {
		body, err := c.finder.s.box.Body(c.finder.s.ctx, c.m.Body)
		if err != nil {
			c.fail(err)
		} else {
			c.body = body
		}
	}
	return c.err == nil
}

// structure is the message's, decoded once.
func (c *candidate) structure() *message.Part {
	if c.root == nil {
		p, err := message.DecodePart(c.m.Structure)
		if err != nil {
			c.fail(fmt.Errorf("decode structure: %w", err))
			p = &message.Part{}
		}
		c.root = p
	}
	return c.root
}

// readHeader reads the message's header once.
func (c *candidate) readHeader() bool {
	if c.hasHeader || !c.open() {
		return c.hasHeader
	}
	c.header, c.hasHeader = c.readInto(c.headerExtent(), c.header)
	return c.hasHeader
}

// headerExtent is where the message's header is. Keys that the envelope mostly
// answers list no structure; then it is somewhere at the start, and EachField
// finds its end.
func (c *candidate) headerExtent() extent {
	if c.finder.then&WithStructure == 0 {
		return extent{0, c.body.Size()}
	}
	p := c.structure()
	return extent{p.Header, p.Body}
}

// readInto reads e, as much of it as may be a header, into buf.
func (c *candidate) readInto(e extent, buf []byte) ([]byte, bool) {
	if c.err != nil || e.lo < 0 || e.lo > e.hi || e.hi > c.body.Size() {
		return buf[:0], c.err == nil
	}
	buf, err := readExtent(c.body, e, buf)
	if err != nil {
		c.fail(err)
	}
	return buf, err == nil
}

// fieldHas looks for n in all fields of that name in the header.
func (c *candidate) fieldHas(name string, n needle) verdict {
	if c.at < costHeader || !c.readHeader() {
		return unknown
	}
	found := false
	message.EachField(c.header, func(field, raw []byte) bool {
		if len(field) == len(name) && strings.EqualFold(string(field), name) {
			found = c.textHas(n, fold.FieldValue(raw))
		}
		return !found
	})
	return verdictOf(found)
}

// headerHas looks for a needle of TEXT in the header.
func (c *candidate) headerHas(at int) verdict {
	if !c.headerScanned {
		if !c.readHeader() {
			return unknown
		}
		c.inHeader = c.finder.scanner.newHits()
		c.scanHeader(c.header, &c.inHeader)
		c.headerScanned = true
	}
	return verdictOf(c.inHeader.has(at))
}

// scanHeader looks through the fields of a header, decoded and unfolded.
func (c *candidate) scanHeader(header []byte, h *hits) {
	message.EachField(header, func(_, raw []byte) bool {
		c.finder.scanner.field(raw, h)
		return !h.complete()
	})
}
