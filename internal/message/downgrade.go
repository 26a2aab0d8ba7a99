package message

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Transport is what octets a body may have on its way (RFC 2045 §2.7 to 2.9).
type Transport int

const (
	SevenBit Transport = iota // lines of up to 998 octets that end with CRLF, octets below 128, no NUL
	EightBit                  // the same with octets above 127
)

// ErrNoConversion is a message that cannot be converted without breaking it: a signature covers what would change, or its
// structure is not one that all readers see alike.
var ErrNoConversion = errors.New("the message cannot be converted to another transfer encoding")

// Fits tells whether all bodies in r, with the structure root, may travel over to as they are.
func Fits(r io.ReaderAt, root *Part, to Transport) (bool, error) {
	for i := range root.Parts {
		if fits, err := Fits(r, &root.Parts[i], to); !fits || err != nil {
			return fits, err
		}
	}
	if len(root.Parts) > 0 {
		return true, nil
	}
	o, err := inspect(r, root)
	return err == nil && o.fit(to), err
}

// Downgrade writes the message r, with the structure root, to w so that its bodies may travel over to: those that may not
// become quoted-printable or base64, and the fields that say so are set right (RFC 6152 §3, RFC 2045 §6.4: never a
// multipart or a message as a whole). All else stays octet for octet; only octets above 127 between parts, which nobody
// is shown, become "?". Headers are not converted. Reading and writing are streamed.
//
// ErrNoConversion may come after some octets were written.
func Downgrade(w io.Writer, r io.ReaderAt, root *Part, to Transport) error {
	if err := convertible(root); err != nil {
		return err
	}
	d := &downgrade{w: bufio.NewWriterSize(w, lineBuffer), r: r, to: to, end: root.End}
	err := d.part(root, true)
	if err == nil {
		err = d.w.Flush()
	}
	if err != nil {
		return fmt.Errorf("convert message: %w", err)
	}
	return nil
}

// convertible refuses messages of which Parse left something unexamined: what looks like one body there may be many.
func convertible(root *Part) error {
	parts, headers, deepest := 0, int64(0), 0
	var count func(p *Part, depth int)
	count = func(p *Part, depth int) {
		parts++
		headers += p.Body - p.Header
		deepest = max(deepest, depth)
		for i := range p.Parts {
			count(&p.Parts[i], depth+1)
		}
	}
	count(root, 1)
	if parts >= MaxParts || deepest > MaxDepth || root.Body >= MaxHeader || headers-root.Body >= maxPartHeaders {
		return fmt.Errorf("%w: it has too many parts", ErrNoConversion)
	}
	return nil
}

// downgrade is one conversion under way.
type downgrade struct {
	w   *bufio.Writer
	r   io.ReaderAt
	to  Transport
	at  int64 // what stands before it is written
	end int64 // of the message
}

// part writes p up to its end, and what stands between it and the part before. isMessage tells that its header is that of
// a message.
func (d *downgrade) part(p *Part, isMessage bool) error {
	if err := d.between(p.Header); err != nil {
		return err
	}
	if len(p.Parts) == 0 {
		return d.leaf(p, isMessage)
	}
	if p.Type == "multipart" && p.Subtype == "signed" {
		return d.signed(p)
	}
	return d.composite(p)
}

// composite writes a multipart or a message with what is in it.
func (d *downgrade) composite(p *Part) error {
	if p.Type == "multipart" && !isASCII(paramValue(p.Params, "boundary")) {
		return fmt.Errorf("%w: it has a boundary beyond ASCII", ErrNoConversion)
	}
	// RFC 2045 §6.4: the label of a whole says what its parts need.
	if err := d.relabel(p); err != nil {
		return err
	}
	for i := range p.Parts {
		if err := d.part(&p.Parts[i], p.Type == "message"); err != nil {
			return err
		}
	}
	return d.between(p.End)
}

// signed leaves a multipart/signed as it is (RFC 1847 §2.1: its octets are what is signed), or says that it cannot.
func (d *downgrade) signed(p *Part) error {
	fits, err := Fits(d.r, p, d.to)
	if err != nil {
		return err
	}
	if !fits {
		return fmt.Errorf("%w: it is signed", ErrNoConversion)
	}
	return d.raw(d.at, p.End)
}

// leaf writes a part that holds no others.
func (d *downgrade) leaf(p *Part, isMessage bool) error {
	o, err := inspect(d.r, p)
	if err != nil {
		return err
	}
	if o.fit(d.to) {
		if err := d.relabel(p); err != nil {
			return err
		}
		return d.raw(d.at, p.End)
	}
	fields, err := o.fields(p, isMessage)
	if err != nil {
		return err
	}
	if err := d.header(p, fields); err != nil {
		return err
	}
	d.at = p.End
	return encode(d.w, p.DecodedBody(d.r), fields.encoding, p.End == d.end)
}

// raw copies octets as they are.
func (d *downgrade) raw(from, to int64) error {
	d.at = max(from, to)
	_, err := io.Copy(d.w, io.NewSectionReader(d.r, from, max(to-from, 0)))
	return err
}
