package message

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// octets is what a body is made of.
type octets struct {
	size    int64
	high    int64 // octets above 127
	binary  bool  // NUL, CR or LF alone, or a line of over maxLineOctets
	utf8    bool  // valid so far
	escapes int64 // octets that quoted-printable writes as three

	line int    // octets of the current line
	cr   bool   // the last one was a CR
	tail []byte // a character cut off at the end of a piece
	room [utf8.UTFMax]byte
}

// The longest line in 7bit and 8bit without its CRLF: RFC 2045 §2.7, RFC 5321 §4.5.3.1.6.
const maxLineOctets = 998

// inspect reads the body of a leaf as it stands in the message.
func inspect(r io.ReaderAt, p *Part) (*octets, error) {
	o := &octets{utf8: true}
	buf := decodeBuffers.Get().(*[decodeBuffer]byte)
	defer decodeBuffers.Put(buf)
	body := io.NewSectionReader(r, p.Body, max(p.End-p.Body, 0))
	for {
		n, err := body.Read(buf[:])
		o.add(buf[:n])
		if errors.Is(err, io.EOF) {
			o.end()
			return o, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
	}
}

func (o *octets) add(piece []byte) {
	o.size += int64(len(piece))
	for _, c := range piece {
		o.octet(c)
	}
	o.checkUTF8(piece)
}

func (o *octets) octet(c byte) {
	if o.cr != (c == '\n') { // one of the two is alone
		o.binary = true
	}
	o.cr = c == '\r'
	switch {
	case c == '\n':
		o.line = 0
		return
	case o.cr:
		return
	case c >= 0x80:
		o.high++
		o.escapes++
	case c == 0:
		o.binary = true
		o.escapes++
	case c == '=' || c < ' ' && c != '\t' || c == 0x7f:
		o.escapes++
	}
	if o.line++; o.line > maxLineOctets {
		o.binary = true
	}
}

// checkUTF8 goes on where the last piece may have cut a character.
func (o *octets) checkUTF8(piece []byte) {
	for len(o.tail) > 0 && len(piece) > 0 && !utf8.FullRune(o.tail) {
		o.tail = append(o.tail, piece[0])
		piece = piece[1:]
	}
	if len(o.tail) > 0 && !utf8.FullRune(o.tail) {
		return
	}
	at := len(piece)
	for i := len(piece) - 1; i >= 0 && i >= len(piece)-utf8.UTFMax+1; i-- {
		if utf8.RuneStart(piece[i]) {
			if !utf8.FullRune(piece[i:]) {
				at = i
			}
			break
		}
	}
	o.utf8 = o.utf8 && utf8.Valid(o.tail) && utf8.Valid(piece[:at])
	o.tail = append(o.room[:0], piece[at:]...)
}

func (o *octets) end() {
	o.utf8 = o.utf8 && utf8.Valid(o.tail)
	o.binary = o.binary || o.cr
}

func (o *octets) fit(to Transport) bool {
	return !o.binary && (o.high == 0 || to == EightBit)
}
