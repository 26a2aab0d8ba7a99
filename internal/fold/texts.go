package fold

import (
	"bytes"
	"unicode/utf8"

	"buzon/internal/message"
)

// Texts takes what a search looks at in a body, in any order.
type Texts interface {
	InnerHeader(p *message.Part) // the header of a message inside: its fields are looked at
	Text(text string)            // a short text, decoded
	Content(p *message.Part)     // the part's content, which is text
	Full() bool                  // whether more need not be given
}

// Body gives to the texts of a message's body: the text of text parts as people
// read it, the names and descriptions of attachments, and the headers of
// messages inside. Not the MIME headers, though RFC 3501 §6.4.4 counts their
// octets in: a search for "html" or "utf-8" would find all mail. What is neither
// text nor message is not looked into: no one finds a word in a picture.
func Body(p *message.Part, to Texts) {
	for i := range p.Parts {
		if to.Full() {
			return
		}
		inner := &p.Parts[i]
		if p.Type == "message" {
			to.InnerHeader(inner)
		}
		names(inner, to)
		Body(inner, to)
	}
	if len(p.Parts) > 0 || p.Type != "text" && p.Type != "message" {
		return
	}
	to.Content(p)
}

// names gives to what a part is called: its file's name, decoded from RFC 2231
// already, and its description.
func names(p *message.Part, to Texts) {
	for _, list := range [...][]message.Param{p.Params, p.DispParams} {
		for i := range list {
			if list[i].Name == "name" || list[i].Name == "filename" {
				to.Text(message.DecodeHeader(list[i].Value))
			}
		}
	}
	to.Text(message.DecodeHeader(p.Description))
}

// AppendField appends a header field with its name to dst, decoded, unfolded and folded.
func AppendField(dst, raw []byte) []byte {
	if !isPlainField(raw) {
		colon := bytes.IndexByte(raw, ':') + 1
		return Append(dst, []byte(string(raw[:colon])+message.DecodeHeader(string(raw[colon:]))))
	}
	// Most fields have nothing to decode: this is what TEXT spends its time on.
	for len(raw) > 0 {
		n := bytes.IndexAny(raw, "\r\n")
		if n < 0 {
			n = len(raw)
		}
		dst = Append(dst, raw[:n])
		raw = raw[min(n+1, len(raw)):]
	}
	return dst
}

// isPlainField tells a field of ASCII without encoded words.
func isPlainField(raw []byte) bool {
	for i, c := range raw {
		if c >= utf8.RuneSelf || c == '?' && i > 0 && raw[i-1] == '=' {
			return false
		}
	}
	return true
}

// FieldValue is what follows a field's name, decoded, without the line end.
func FieldValue(raw []byte) string {
	return message.DecodeHeader(string(bytes.TrimSpace(raw[bytes.IndexByte(raw, ':')+1:])))
}

// Contact is a contact as people write it, without what message put in place
// of a missing part.
func Contact(k *message.Contact) string {
	text := k.Local
	if text == message.MissingLocal {
		text = ""
	}
	if k.Host != "" && k.Host != message.MissingHost {
		text += "@" + k.Host
	}
	if k.Name != "" {
		text = message.DecodeHeader(k.Name) + " <" + text + ">"
	}
	return text
}
