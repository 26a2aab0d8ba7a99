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
		c.scanPart(c.structure(), true)
		c.bodyScanned = true
	}
	if c.err != nil {
		return unknown
	}
	return verdictOf(c.inBody.has(at))
}

// scanPart looks through a part: the text of text parts as people read it, the
// headers of parts and of messages inside with their encoded words decoded, and
// the names of files. What is neither text nor message is not looked into: no
// one finds a word in a picture.
func (c *candidate) scanPart(p *message.Part, root bool) {
	if c.inBody.complete() || c.err != nil {
		return
	}
	if !root {
		c.scanPartHeader(p)
	}
	for i := range p.Parts {
		c.scanPart(&p.Parts[i], false)
	}
	if len(p.Parts) > 0 || p.Type != "text" && p.Type != "message" {
		return
	}
	if err := c.finder.scanner.reader(c.text(p), &c.inBody); err != nil {
		c.fail(err)
	}
}

func (c *candidate) scanPartHeader(p *message.Part) {
	for _, list := range [...][]message.Param{p.Params, p.DispParams} {
		for i := range list { // decoded from RFC 2231, which the header is not
			c.finder.scanner.text(list[i].Value, &c.inBody)
		}
	}
	var ok bool
	if c.finder.header, ok = c.readInto(extent{p.Header, p.Body}, c.finder.header); ok {
		c.scanHeader(c.finder.header, &c.inBody)
	}
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
