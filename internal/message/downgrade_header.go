package message

import (
	"bytes"
	"fmt"
	"io"
)

// newFields is what the header of a part says from now on.
type newFields struct {
	encoding string // Content-Transfer-Encoding
	version  bool   // MIME-Version, where there is none
	charset  string // of a Content-Type, where there is none; "" adds none
}

// fields is what a leaf's header says once its body is encoded. Text of which two thirds can still be read becomes
// quoted-printable, other bodies what is shorter.
func (o *octets) fields(p *Part, isMessage bool) (newFields, error) {
	f := newFields{encoding: "base64", version: isMessage}
	if p.Type == "text" && 3*o.escapes <= o.size || 6*o.escapes <= o.size {
		f.encoding = "quoted-printable"
	}
	switch {
	case p.Header == p.Body:
		return f, fmt.Errorf("%w: it has a multipart without parts", ErrNoConversion)
	case p.Type == "message" && (p.Subtype == "partial" || p.Subtype == "external-body"): // RFC 2046 §5.2.2 and 3
		return f, fmt.Errorf("%w: it has a message/%s", ErrNoConversion, p.Subtype)
	}
	switch p.Encoding {
	case "7bit", "8bit", "binary":
		f.charset = o.charset()
	case "base64", "quoted-printable": // with octets that do not belong there
	default: // RFC 2045 §6.4: what it means is not known, and encodings do not nest
		return f, fmt.Errorf("%w: it has the encoding %q", ErrNoConversion, p.Encoding)
	}
	return f, nil
}

// charset is for text from before MIME (RFC 1428 §3). Where it can only be UTF-8, that is better than "unknown-8bit".
func (o *octets) charset() string {
	switch {
	case o.high == 0:
		return "us-ascii"
	case o.utf8:
		return "utf-8"
	}
	return "unknown-8bit"
}

// relabel writes the header of a part whose octets travel as they are, with a label that says so.
func (d *downgrade) relabel(p *Part) error {
	plain := p.Encoding != "binary" && (p.Encoding != "8bit" || d.to == EightBit)
	switch {
	case plain || p.Body == p.End: // an empty body may have no blank line in front of it
		return d.raw(p.Header, p.Body)
	case d.to == EightBit:
		return d.header(p, newFields{encoding: "8bit"})
	}
	return d.header(p, newFields{encoding: "7bit"})
}

// header writes the header of p with f in place of what it said about the encoding. The fields go last, in front of the
// blank line, which a part with a body has.
func (d *downgrade) header(p *Part, f newFields) error {
	in := newPooledLines(io.NewSectionReader(d.r, p.Header, p.Body-p.Header))
	defer in.release()
	d.at = p.Body
	drop := false
	for {
		line, first, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case first && isBlank(line):
			d.fields(f)
			drop = false
		case first && !isSpace(line[0]):
			drop = f.replaces(fieldName(line))
		}
		if !drop {
			d.w.Write(line) // a bufio.Writer keeps its error for Flush
		}
	}
}

// replaces notes what is there, and tells whether the field goes.
func (f *newFields) replaces(name []byte) bool {
	switch {
	case bytes.EqualFold(name, []byte("MIME-Version")):
		f.version = false
	case bytes.EqualFold(name, []byte("Content-Type")):
		f.charset = ""
	}
	return bytes.EqualFold(name, []byte("Content-Transfer-Encoding"))
}

func (d *downgrade) fields(f newFields) {
	if f.version {
		d.w.WriteString("MIME-Version: 1.0\r\n")
	}
	if f.charset != "" {
		d.w.WriteString("Content-Type: text/plain; charset=" + f.charset + "\r\n")
	}
	d.w.WriteString("Content-Transfer-Encoding: " + f.encoding + "\r\n")
}
