package message

import "bytes"

// quotedState decodes quoted-printable (RFC 2045 §6.7) that comes in lines or,
// of very long lines, pieces.
type quotedState struct {
	held []byte // the end of a piece, see hold
}

// decode appends the octets of piece to dst.
func (d *quotedState) decode(dst, piece []byte) []byte {
	if len(d.held) > 0 {
		piece = append(d.held, piece...)
		d.held = nil
	}
	n := lineEnd(piece)
	text, end := piece[:len(piece)-n], piece[len(piece)-n:]
	if n == 0 {
		text = d.hold(text)
		return unquote(dst, text)
	}
	// RFC 2045 §6.7 (3): white space at the end was added on the way; (5): a
	// last = joins the next line.
	text = bytes.TrimRight(text, " \t")
	if joined, ok := bytes.CutSuffix(text, []byte("=")); ok {
		return unquote(dst, joined)
	}
	return append(unquote(dst, text), end...)
}

// hold keeps back what depends on the next piece: white space that may turn out
// to end the line, and an escape cut off.
func (d *quotedState) hold(text []byte) []byte {
	trimmed := bytes.TrimRight(text, " \t")
	at := len(trimmed)
	if escape := bytes.LastIndexByte(trimmed, '='); escape >= 0 && escape >= at-2 {
		at = escape
	}
	if len(text)-at > maxHeld {
		return text
	}
	d.held = bytes.Clone(text[at:])
	return text[:at]
}

// flush appends what the text ended in; a lone = at the very end joins nothing.
func (d *quotedState) flush(dst []byte) []byte {
	if string(d.held) == "=" {
		return dst
	}
	return append(dst, d.held...)
}

// unquote decodes the escapes in text. An = that starts none stays.
func unquote(dst, text []byte) []byte {
	for {
		at := bytes.IndexByte(text, '=')
		if at < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:at]...)
		text = text[at+1:]
		c, ok := hexPair(text)
		if !ok {
			dst = append(dst, '=')
			continue
		}
		dst = append(dst, c)
		text = text[2:]
	}
}

// hexPair reads two hexadecimal digits; lower case is forgiven.
func hexPair(s []byte) (byte, bool) {
	if len(s) < 2 || hexDigit(s[0]) < 0 || hexDigit(s[1]) < 0 {
		return 0, false
	}
	return byte(hexDigit(s[0])<<4 | hexDigit(s[1])), true
}
