package message

// headerReader gathers the fields of a header that the structure is made of.
// It serves one header after the other, which share its room.
type headerReader struct {
	room     int // octets it still examines
	contacts int // contacts it still keeps

	raw       []byte // the field being gathered
	kind      fieldKind
	colon     int
	isMessage bool // the header is that of a message
	seen      uint32

	message messageFields
	content contentFields
}

// messageFields is what a header says of a message.
type messageFields struct {
	envelope   Envelope
	references string
}

// contentFields are the Content-… fields as they arrived, unfolded.
type contentFields struct {
	mimeType, encoding, id, description  string
	md5, disposition, language, location string
}

// start begins a new header.
func (h *headerReader) start(isMessage bool) {
	h.isMessage = isMessage
	h.kind, h.seen = fieldOther, 0
	h.message, h.content = messageFields{}, contentFields{}
}

// line takes one piece of the header.
func (h *headerReader) line(line []byte, first bool) {
	if first && !isSpace(line[0]) {
		h.flush()
		if h.room > 0 {
			h.begin(line)
		}
	}
	size := min(len(line), h.room)
	h.room -= size
	if h.kind != fieldOther {
		h.raw = append(h.raw, line[:size]...)
	}
}

func (h *headerReader) begin(line []byte) {
	name := fieldName(line)
	h.kind = kindOf(name)
	if h.kind < fieldContentType && !h.isMessage {
		h.kind = fieldOther
	}
	h.raw = h.raw[:0]
	h.colon = len(name)
}

// flush stores the field gathered. Of fields that occur more than once the
// first counts; only recipients add up.
func (h *headerReader) flush() {
	kind := h.kind
	h.kind = fieldOther
	bit := uint32(1) << kind
	if kind == fieldOther || h.seen&bit != 0 && !kind.addsUp() || h.colon >= len(h.raw) {
		return
	}
	h.seen |= bit
	value := unfold(afterColon(h.raw[h.colon:]))
	if kind >= fieldContentType {
		h.content.set(kind, value)
		return
	}
	h.setMessage(kind, value)
}

// afterColon skips the colon and the white space that RFC 5322 §4.5 allows
// before it.
func afterColon(raw []byte) []byte {
	for i, c := range raw {
		if c == ':' {
			return raw[i+1:]
		}
	}
	return nil // the room ended within the name
}

func (h *headerReader) setMessage(kind fieldKind, value string) {
	e := &h.message.envelope
	switch kind {
	case fieldDate:
		e.Date = value
	case fieldSubject:
		e.Subject = value
	case fieldMessageID:
		e.MessageID = value
	case fieldInReplyTo:
		e.InReplyTo = value
	case fieldReferences:
		h.message.references = value
	default:
		h.addContacts(e.list(kind), value)
	}
}

// list is where the contacts of a field go.
func (e *Envelope) list(kind fieldKind) *[]Contact {
	switch kind {
	case fieldFrom:
		return &e.From
	case fieldSender:
		return &e.Sender
	case fieldReplyTo:
		return &e.ReplyTo
	case fieldTo:
		return &e.To
	case fieldCc:
		return &e.Cc
	}
	return &e.Bcc
}

func (h *headerReader) addContacts(list *[]Contact, value string) {
	found := parseContacts(value, h.contacts)
	h.contacts -= min(len(found), h.contacts)
	if *list == nil {
		*list = found
		return
	}
	*list = append(*list, found...)
}

func (c *contentFields) set(kind fieldKind, value string) {
	switch kind {
	case fieldContentType:
		c.mimeType = value
	case fieldContentEncoding:
		c.encoding = value
	case fieldContentID:
		c.id = value
	case fieldContentDescription:
		c.description = value
	case fieldContentMD5:
		c.md5 = value
	case fieldContentDisposition:
		c.disposition = value
	case fieldContentLanguage:
		c.language = value
	case fieldContentLocation:
		c.location = value
	}
}

// finish ends the header and tells what it said of part p.
func (h *headerReader) finish(p *Part) (m messageFields, boundary string) {
	h.flush()
	boundary = h.content.describe(p)
	e := &h.message.envelope
	// RFC 3501 §7.4.2: missing and empty ones are those of From.
	if len(e.Sender) == 0 {
		e.Sender = e.From
	}
	if len(e.ReplyTo) == 0 {
		e.ReplyTo = e.From
	}
	return h.message, boundary
}
