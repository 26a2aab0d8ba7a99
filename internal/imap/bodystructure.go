package imap

import "buzon/internal/message"

// maxRenderDepth stops a tree that a damaged store might hold. What
// message.Parse makes is never deeper.
const maxRenderDepth = message.MaxDepth + 2 // levels

// structure writes p as RFC 3501 §9 body, with extension data for
// BODYSTRUCTURE and without for BODY.
func (r *renderer) structure(p *message.Part, extended bool) {
	r.part(p, extended, maxRenderDepth)
}

func (r *renderer) part(p *message.Part, extended bool, depth int) {
	r.b = append(r.b, '(')
	switch {
	case p.Type == "multipart":
		r.multipart(p, extended, depth)
	default:
		r.single(p, extended, depth)
	}
	r.b = append(r.b, ')')
}

// noParts stands for the child of a multipart that has none: RFC 3501 §9
// body-type-mpart needs one. message.Parse gives such a multipart a child.
const noParts = `("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)`

// multipart writes RFC 3501 §9 body-type-mpart. No space stands between the
// children: Outlook for iOS shows nothing otherwise.
func (r *renderer) multipart(p *message.Part, extended bool, depth int) {
	if len(p.Parts) == 0 || depth == 0 {
		r.raw(noParts)
	} else {
		for i := range p.Parts {
			r.part(&p.Parts[i], extended, depth-1)
		}
	}
	r.b = append(r.b, ' ')
	r.string(p.Subtype)
	if extended {
		r.b = append(r.b, ' ')
		r.params(p.Params)
		r.extension(p)
	}
}

// single writes RFC 3501 §9 body-type-1part. Types and encodings are lower case
// as message.Part has them: Outlook for iOS decodes no "BASE64".
func (r *renderer) single(p *message.Part, extended bool, depth int) {
	inner := r.isMessage(p) && len(p.Parts) == 1 && p.Envelope != nil && depth > 0
	r.mediaType(p, inner)
	r.b = append(r.b, ' ')
	r.params(p.Params)
	r.b = append(r.b, ' ')
	r.nstring(p.ID)
	r.b = append(r.b, ' ')
	r.nstring(p.Description)
	r.b = append(r.b, ' ')
	r.string(p.Encoding)
	r.b = append(r.b, ' ')
	r.number(p.End - p.Body)
	switch {
	case inner:
		r.messagePart(p, extended, depth)
	case p.Type == "text":
		r.b = append(r.b, ' ')
		r.number(p.Lines)
	}
	if extended {
		r.b = append(r.b, ' ')
		r.nstring(p.MD5)
		r.extension(p)
	}
}

// isMessage tells the parts that are written as RFC 3501 §9 body-type-msg.
// Clients without UTF8=ACCEPT know message/global as any other type (RFC 6532
// §3.7, RFC 3501 §9 media-message); those with it expect an envelope (RFC 9051).
func (r *renderer) isMessage(p *message.Part) bool {
	return p.Type == "message" && (p.Subtype == "rfc822" || p.Subtype == "global" && r.utf8)
}

// mediaType writes type and subtype. A message whose inside is not known must
// not be called one: clients would look for its envelope.
func (r *renderer) mediaType(p *message.Part, inner bool) {
	if r.isMessage(p) && !inner || p.Type == "" {
		r.raw(`"application" "octet-stream"`)
		return
	}
	r.string(p.Type)
	r.b = append(r.b, ' ')
	r.string(p.Subtype)
}

func (r *renderer) messagePart(p *message.Part, extended bool, depth int) {
	r.b = append(r.b, ' ')
	r.envelope(p.Envelope)
	r.b = append(r.b, ' ')
	r.part(&p.Parts[0], extended, depth-1)
	r.b = append(r.b, ' ')
	r.number(p.Lines)
}

// extension writes what RFC 3501 §9 body-ext-1part and body-ext-mpart have in
// common, complete: Outlook takes a short list for a broken one.
func (r *renderer) extension(p *message.Part) {
	r.b = append(r.b, ' ')
	r.disposition(p)
	r.b = append(r.b, ' ')
	r.language(p.Language)
	r.b = append(r.b, ' ')
	r.nstring(p.Location)
}

func (r *renderer) disposition(p *message.Part) {
	if p.Disposition == "" {
		r.raw("NIL")
		return
	}
	r.b = append(r.b, '(')
	r.string(p.Disposition)
	r.b = append(r.b, ' ')
	r.params(p.DispParams)
	r.b = append(r.b, ')')
}

func (r *renderer) params(list []message.Param) {
	if len(list) == 0 {
		r.raw("NIL")
		return
	}
	for i := range list {
		if i == 0 {
			r.b = append(r.b, '(')
		} else {
			r.b = append(r.b, ' ')
		}
		r.param(&list[i])
	}
	r.b = append(r.b, ')')
}

// param writes one parameter. message.Param has the value decoded from RFC 2231;
// a client without UTF8=ACCEPT gets what is not ASCII in that form again, as it
// would from a server that passes header fields on.
func (r *renderer) param(p *message.Param) {
	if formOf(p.Value).eight && !r.utf8 {
		r.string(p.Name + "*")
		r.b = append(r.b, ' ')
		r.string("utf-8''" + percentEncoded(p.Value))
		return
	}
	r.string(p.Name)
	r.b = append(r.b, ' ')
	r.string(p.Value)
}

// percentEncoded writes s as RFC 2231 §7 extended-other-values.
func percentEncoded(s string) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, 3*len(s))
	for i := range len(s) {
		if c := s[i]; isAttributeChar(c) {
			out = append(out, c)
		} else {
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

// isAttributeChar tells RFC 2231 §7 attribute-char, less those that some readers trip over.
func isAttributeChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}

// language writes RFC 3501 §9 body-fld-lang: one tag as a string, many as a list.
func (r *renderer) language(tags []string) {
	switch len(tags) {
	case 0:
		r.raw("NIL")
	case 1:
		r.nstring(tags[0])
	default:
		r.b = append(r.b, '(')
		for i, tag := range tags {
			if i > 0 {
				r.b = append(r.b, ' ')
			}
			r.string(tag)
		}
		r.b = append(r.b, ')')
	}
}
