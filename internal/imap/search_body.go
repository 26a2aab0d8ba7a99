package imap

import (
	"io"
	"strings"
	"unicode/utf8"

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
	if err := c.finder.scanner.reader(c.text(p), &c.inBody); err != nil {
		c.fail(err)
	}
}

// Full implements fold.Texts.
func (c *candidate) Full() bool { return c.inBody.complete() || c.err != nil }

// text reads a part's content as UTF-8.
func (c *candidate) text(p *message.Part) io.Reader {
	if !c.finder.scanner.ascii {
		return p.Text(c.body)
	}
	// Whatever is not ASCII cannot match, so nothing needs converting.
	switch charset := strings.ToLower(charsetOf(p)); {
	case charset == "" || charset == "utf-8" || charset == "us-ascii":
		return p.DecodedBody(c.body)
	case strings.HasPrefix(charset, "iso-8859-") || strings.HasPrefix(charset, "windows-125"):
		return asciiAlone{p.DecodedBody(c.body)}
	}
	return p.Text(c.body)
}

func charsetOf(p *message.Part) string {
	for i := range p.Params {
		if p.Params[i].Name == "charset" {
			return p.Params[i].Value
		}
	}
	return ""
}

// asciiAlone reads text of a charset of single octets. Two or three of them may
// look like a long s or a Kelvin sign in UTF-8, which fold to ASCII letters.
type asciiAlone struct{ r io.Reader }

// Read implements io.Reader.
func (a asciiAlone) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	for i := range p[:n] {
		p[i] = min(p[i], utf8.RuneSelf)
	}
	return n, err
}
