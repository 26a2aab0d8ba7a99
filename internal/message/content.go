package message

import "strings"

// describe fills p from the Content-… fields and returns the boundary of a
// multipart.
func (c *contentFields) describe(p *Part) (boundary string) {
	c.describeType(p)
	p.Encoding, _ = parseValue(c.encoding)
	if !isToken(p.Encoding) {
		p.Encoding = "7bit" // RFC 2045 §6.1
	}
	p.ID, p.Description, p.MD5, p.Location = c.id, c.description, c.md5, c.location
	p.Language = parseLanguages(c.language)
	if c.disposition != "" {
		p.Disposition, p.DispParams = parseValue(c.disposition)
		if !isToken(p.Disposition) {
			p.Disposition = "attachment" // RFC 2183 §2.8
		}
	}
	if p.Type != "multipart" {
		return ""
	}
	boundary = strings.TrimRight(paramValue(p.Params, "boundary"), whiteSpace)
	if len(boundary) > maxBoundary {
		return ""
	}
	return boundary
}

// describeType reads Content-Type. Without one, or with one that breaks the
// syntax, RFC 2045 §5.2 wants text/plain; within a digest p has its type already.
func (c *contentFields) describeType(p *Part) {
	token, params := parseValue(c.mimeType)
	kind, subtype, _ := strings.Cut(token, "/")
	switch {
	case isToken(kind) && isToken(subtype):
		p.Type, p.Subtype, p.Params = kind, subtype, params
	case p.Type != "":
	default:
		p.Type, p.Subtype, p.Params = "text", "plain", params
		if params == nil {
			p.Params = plainParams()
		}
	}
}

// isToken is token of RFC 2045 §5.1.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// parseLanguages reads the tags of Content-Language (RFC 3282 §2).
func parseLanguages(s string) []string {
	var tags []string
	sc := scanner{s: s}
	for len(tags) < maxLanguages {
		sc.space()
		if sc.done() {
			break
		}
		if tag := sc.until(whiteSpace + ",;("); isToken(tag) {
			tags = append(tags, tag)
		}
		sc.skip(whiteSpace + ",;")
	}
	return tags
}
