package message

import (
	"fmt"
	"io"
)

// Parse reads a message of size octets once from end to end and tells its
// structure. Memory does not grow with the message beyond the limits of this
// package. Any octets are a message: only errors of r are returned.
//
// Lines may end with a bare LF. Beyond MaxParts, delimiters no longer start a
// part and the rest stays in the last one; a part nested below MaxDepth becomes
// one application/octet-stream.
func Parse(r io.ReaderAt, size int64) (*Structure, error) {
	p := &parser{in: newLines(io.NewSectionReader(r, 0, size), size)}
	p.root = &headerReader{room: MaxHeader, contacts: maxContacts}
	p.inner = &headerReader{room: maxPartHeaders, contacts: maxContacts}
	p.push(0, false)
	for {
		line, first, err := p.in.next()
		if err == io.EOF {
			return p.finish(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("parse message: %w", err)
		}
		p.line(line, first)
	}
}

// parser walks the lines with a stack of the parts that are open: each holds
// the next, the last one is being read.
type parser struct {
	in    *lines
	stack []node
	parts int
	count int64 // lines begun so far
	tail  int   // octets that ended the line before
	empty bool  // the line before was nothing but its end

	root, inner *headerReader
	structure   Structure
}

// node is one open part.
type node struct {
	part      Part
	inHeader  bool
	isMessage bool   // the root of a message
	digest    bool   // its children are messages when they do not say otherwise
	boundary  string // empty when not a multipart, or once it was closed
	first     int64  // count when the body began
}

func (p *parser) top() *node { return &p.stack[len(p.stack)-1] }

// line takes one piece of the message to where it belongs.
func (p *parser) line(line []byte, first bool) {
	if first {
		if p.delimiter(line) {
			return
		}
		p.count++
	}
	if p.top().inHeader {
		p.headerLine(line, first)
	}
	p.tail = lineEnd(line)
	p.empty = first && len(line) == p.tail
}

func (p *parser) headerLine(line []byte, first bool) {
	h := p.header()
	if first && isBlank(line) {
		p.startBody(p.in.pos)
		return
	}
	h.line(line, first)
}

// header reads the fields of the part on top. The outermost has room of its own.
func (p *parser) header() *headerReader {
	if len(p.stack) == 1 {
		return p.root
	}
	return p.inner
}

func (p *parser) push(at int64, digest bool) {
	p.parts++
	message := len(p.stack) == 0 || isMessage(&p.top().part)
	n := node{inHeader: true, isMessage: message}
	n.part.Header, n.part.Body, n.part.End = at, at, at
	if digest { // RFC 2046 §5.1.5
		n.part.Type, n.part.Subtype = "message", "rfc822"
	}
	p.stack = append(p.stack, n)
	p.header().start(message)
}

// startBody ends the header of the part on top; its body starts at offset at.
func (p *parser) startBody(at int64) {
	n := p.top()
	n.inHeader = false
	n.part.Body, n.part.End = at, at
	n.first = p.count
	fields, boundary := p.header().finish(&n.part)
	if n.isMessage {
		p.keepEnvelope(fields)
	}
	switch {
	case n.part.Type == "multipart" && p.mayNest():
		n.boundary = boundary
		n.digest = n.part.Subtype == "digest"
	case isMessage(&n.part) && p.mayNest() && !isEncoded(n.part.Encoding):
		p.push(at, false)
	case n.part.Type == "multipart" || isMessage(&n.part):
		n.part.Type, n.part.Subtype = "application", "octet-stream"
	}
}

// keepEnvelope stores what the header on top of the stack said as a message.
func (p *parser) keepEnvelope(f messageFields) {
	e := f.envelope
	if len(p.stack) > 1 {
		p.stack[len(p.stack)-2].part.Envelope = &e
		return
	}
	p.structure.Envelope = e
	p.structure.MessageID = firstMessageID(e.MessageID)
	p.structure.References, p.structure.fromReferences = threadReferences(f.references, e.InReplyTo, p.structure.MessageID)
}

func (p *parser) mayNest() bool { return len(p.stack) <= MaxDepth }

// pop ends the part on top at offset end, when last lines had begun, and hands
// it to the one that holds it.
func (p *parser) pop(end, last int64) {
	if p.top().inHeader { // RFC 2046 §5.1: no blank line, no body
		p.startBody(max(end, p.top().part.Header))
	}
	n := p.top()
	if n.inHeader { // startBody opened the message inside
		p.pop(end, last)
		n = p.top()
	}
	// A blank line that ends a header may be the line end before a delimiter as
	// well; it is the header's then, for all parts around it.
	n.part.End = max(end, n.part.End)
	n.part.Lines = max(last-n.first, 0)
	fillMultipart(&n.part)
	if len(p.stack) == 1 {
		return
	}
	outer := &p.stack[len(p.stack)-2]
	outer.part.Parts = append(outer.part.Parts, n.part)
	outer.part.End = n.part.End
	p.stack = p.stack[:len(p.stack)-1]
}

// fillMultipart gives a multipart without parts one text/plain child that
// spans its whole body: BODYSTRUCTURE has no form for an empty one (RFC 3501 §9
// body-type-mpart), and the person still sees the text.
func fillMultipart(p *Part) {
	if p.Type != "multipart" || len(p.Parts) > 0 {
		return
	}
	child := Part{Type: "text", Subtype: "plain", Encoding: "7bit", Params: plainParams()}
	child.Header, child.Body, child.End, child.Lines = p.Body, p.Body, p.End, p.Lines
	p.Parts = []Part{child}
}

func (p *parser) finish() *Structure {
	for len(p.stack) > 1 {
		p.pop(p.in.pos, p.count)
	}
	p.pop(p.in.pos, p.count)
	p.structure.Root = p.stack[0].part
	return &p.structure
}

// isMessage tells whether p is a message in itself (RFC 2046 §5.2.1, RFC 6532
// §3.7).
func isMessage(p *Part) bool {
	return p.Type == "message" && (p.Subtype == "rfc822" || p.Subtype == "global")
}

// isEncoded tells whether the octets of a body with this encoding are not its
// content.
func isEncoded(encoding string) bool {
	return encoding == "base64" || encoding == "quoted-printable"
}
