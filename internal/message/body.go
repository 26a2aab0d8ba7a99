package message

import "io"

// DecodedBody reads the content of the part out of r, the message that Parse
// was given: base64 and quoted-printable are decoded, other encodings read as
// they are. Octets that do not belong are passed over, so only errors of r are
// returned.
func (p *Part) DecodedBody(r io.ReaderAt) io.Reader {
	body := io.NewSectionReader(r, p.Body, max(p.End-p.Body, 0))
	switch p.Encoding {
	case "base64":
		return &bodyReader{in: newPooledLines(body), d: &base64State{}}
	case "quoted-printable":
		return &bodyReader{in: newPooledLines(body), d: &quotedState{}}
	}
	return body
}

// Text reads the content of a text part as UTF-8, markup included, line ends as
// they are. Text without a charset, of an unknown one, or not valid in UTF-8 is
// read as UTF-8 where that is valid and as windows-1252 elsewhere.
func (p *Part) Text(r io.ReaderAt) io.Reader {
	return &textReader{r: p.DecodedBody(r), t: charsetDecoder(paramValue(p.Params, "charset")), src: decodeBuffers.Get().(*[decodeBuffer]byte)}
}

// bodyDecoder decodes a transfer encoding piece by piece.
type bodyDecoder interface {
	decode(dst, piece []byte) []byte
	flush(dst []byte) []byte
}

type bodyReader struct {
	in  *lines
	d   bodyDecoder
	buf []byte
	out []byte // what of buf is not read yet
	err error
}

// Read is io.Reader's.
func (b *bodyReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.decode()
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

func (b *bodyReader) decode() {
	piece, _, err := b.in.next()
	if err == nil {
		b.buf = b.d.decode(b.buf[:0], piece)
	} else {
		b.buf = b.d.flush(b.buf[:0])
		b.err = err
		b.in.release() // a reader that is left before its end loses its buffer, no more
	}
	b.out = b.buf
}
