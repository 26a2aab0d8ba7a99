package imap

import (
	"io"
	"strings"

	"buzon/internal/message"
)

// bodyHas looks for a needle of BODY or TEXT in the body. All needles are looked
// for in one pass.
func (c *candidate) bodyHas(at int) verdict {
	if !c.bodyScanned {
		if !c.open() {
			return unknown
		}
		c.inBody = c.finder.scanner.newHits()
		c.scanPart(c.structure())
		c.bodyScanned = true
	}
	if c.err != nil {
		return unknown
	}
	return verdictOf(c.inBody.has(at))
}

// scanPart looks through a part: the text of text parts as people read it, the
// names and descriptions of attachments, and the headers of messages inside. Not
// the MIME headers, though RFC 3501 §6.4.4 counts their octets in: a search for
// "html" or "utf-8" would find all mail. What is neither text nor message is not
// looked into: no one finds a word in a picture.
func (c *candidate) scanPart(p *message.Part) {
	for i := range p.Parts {
		if c.inBody.complete() || c.err != nil {
			return
		}
		inner := &p.Parts[i]
		if p.Type == "message" {
			c.scanInnerHeader(inner)
		}
		c.scanNames(inner)
		c.scanPart(inner)
	}
	if len(p.Parts) > 0 || p.Type != "text" && p.Type != "message" {
		return
	}
	if err := c.finder.scanner.reader(c.text(p), &c.inBody); err != nil {
		c.fail(err)
	}
}

func (c *candidate) scanInnerHeader(p *message.Part) {
	var ok bool
	if c.finder.header, ok = c.readInto(extent{p.Header, p.Body}, c.finder.header); ok {
		c.scanHeader(c.finder.header, &c.inBody)
	}
}

// scanNames looks through what a part is called: its file's name, decoded from
// RFC 2231 already, and its description.
func (c *candidate) scanNames(p *message.Part) {
	for _, list := range [...][]message.Param{p.Params, p.DispParams} {
		for i := range list {
			if list[i].Name == "name" || list[i].Name == "filename" {
				c.finder.scanner.text(message.DecodeHeader(list[i].Value), &c.inBody)
			}
		}
	}
	c.finder.scanner.text(message.DecodeHeader(p.Description), &c.inBody)
}

// text reads a part's content as UTF-8.
func (c *candidate) text(p *message.Part) io.Reader {
	if c.finder.scanner.ascii && asciiCompatible(p) {
		// Whatever is not ASCII cannot match, so nothing needs converting.
		return p.DecodedBody(c.body)
	}
	return p.Text(c.body)
}

// asciiCompatible tells the charsets in which an octet below 128 is always the
// ASCII character.
func asciiCompatible(p *message.Part) bool {
	for i := range p.Params {
		if p.Params[i].Name == "charset" {
			charset := strings.ToLower(p.Params[i].Value)
			return charset == "utf-8" || charset == "us-ascii" ||
				strings.HasPrefix(charset, "iso-8859-") || strings.HasPrefix(charset, "windows-125")
		}
	}
	return true
}
