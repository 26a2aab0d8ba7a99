package imap

import (
	"buzon/internal/fold"
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
		fold.Body(c.structure(), c)
		c.bodyScanned = true
	}
	if c.err != nil {
		return unknown
	}
	return verdictOf(c.inBody.has(at))
}

// InnerHeader implements fold.Texts.
func (c *candidate) InnerHeader(p *message.Part) {
	var ok bool
	if c.finder.header, ok = c.readInto(extent{p.Header, p.Body}, c.finder.header); ok {
		c.scanHeader(c.finder.header, &c.inBody)
	}
}

// Text implements fold.Texts.
func (c *candidate) Text(text string) { c.finder.scanner.text(text, &c.inBody) }

// Content implements fold.Texts.
func (c *candidate) Content(p *message.Part) {
	if err := c.finder.scanner.reader(p.Text(c.body), &c.inBody); err != nil {
		c.fail(err)
	}
}

// Full implements fold.Texts.
func (c *candidate) Full() bool { return c.inBody.complete() || c.err != nil }
