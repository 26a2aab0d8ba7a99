package imap

import (
	"io"
	"strings"
)

// literalHeader is {n}, {n+}, ~{n} or ~{n+} with its end of line (RFC 3501
// §4.3, RFC 7888, RFC 3516 §4.4).
type literalHeader struct {
	size   int64
	sync   bool // the client waits for "+"
	binary bool
}

func (d *decoder) literalHeader() (h literalHeader, err error) {
	h.binary, h.sync = d.Take('~'), true
	if err = d.Expect('{'); err != nil {
		return h, err
	}
	if h.size, err = d.Number64(); err != nil {
		return h, err
	}
	if d.Take('+') {
		h.sync = false
	}
	if err = d.Expect('}'); err != nil {
		return h, err
	}
	d.Take('\r')
	return h, d.Expect('\n')
}

// accept invites the literal. Until then a refusal leaves it to skip, which
// finds it in the line's tail.
func (d *decoder) accept(h literalHeader) error {
	if !h.sync && h.size > d.limits.nonSync {
		return syntaxf("A literal without synchronisation may have at most %d octets.", d.limits.nonSync)
	}
	d.eol, d.pos = false, 0
	if !h.sync {
		return nil
	}
	d.enc.Raw("+ Ready.\r\n")
	return d.enc.Flush()
}

// literal reads a whole literal as a string.
func (d *decoder) literal() (string, error) {
	h, err := d.literalHeader()
	if err != nil {
		return "", err
	}
	if h.size > d.literals {
		return "", &refusal{"TOOBIG", "The literal is too large for this command."}
	}
	if err := d.accept(h); err != nil {
		return "", err
	}
	d.literals -= h.size
	b := make([]byte, h.size)
	if _, err := io.ReadFull(d.r, b); err != nil {
		return "", err
	}
	s := string(b)
	if strings.IndexByte(s, 0) >= 0 && !h.binary {
		return "", syntaxf("A literal may not hold NUL.")
	}
	return s, nil
}

// literalReader is the body of an APPEND on its way.
type literalReader struct {
	d    *decoder
	left int64
}

func (l *literalReader) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	n, err := l.d.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	if err == io.EOF && l.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// LiteralReader gives the literal that comes next as a reader, when it has at
// most limit octets and allow agrees to its size. What is not read of it is
// thrown away by the decoder's next step.
func (d *decoder) LiteralReader(limit int64, allow func(size int64) error) (r io.Reader, size int64, err error) {
	h, err := d.literalHeader()
	if err != nil {
		return nil, 0, err
	}
	if h.size > limit {
		return nil, 0, refuse("TOOBIG", "The message is too large.") // RFC 7889 §4
	}
	if err := allow(h.size); err != nil {
		return nil, 0, err
	}
	if err := d.accept(h); err != nil {
		return nil, 0, err
	}
	d.open = &literalReader{d, h.size}
	return d.open, h.size, nil
}

// closeLiteral throws away what was not read of an accepted literal.
func (d *decoder) closeLiteral() error {
	l := d.open
	if l == nil {
		return nil
	}
	d.open = nil
	return d.discard(l.left)
}

func (d *decoder) discard(n int64) error {
	for n > 0 {
		m, err := d.r.Discard(int(min(n, 1<<30))) // int has 32 bits on small boards
		if err != nil {
			return err
		}
		n -= int64(m)
	}
	return nil
}

// skip reads a refused command to its end. A literal that the client sends
// without waiting is thrown away, never run as commands; one that is too
// large for that costs the connection. One that waits for "+" will not come.
func (d *decoder) skip() error {
	for !d.done {
		for !d.eol {
			if _, err := d.readByte(); err != nil {
				return err
			}
		}
		size, ok := d.announced()
		if !ok {
			d.done = true
			return nil
		}
		if size > d.drain {
			return &fatalError{"The refused literal is too large to be thrown away."}
		}
		d.drain -= size
		d.eol, d.pos = false, 0
		if err := d.discard(size); err != nil {
			return err
		}
	}
	return nil
}

// announced tells the size of a {n+} at the end of the line just read.
func (d *decoder) announced() (int64, bool) {
	line := d.lastOctets()
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	line, plus := strings.CutSuffix(line, "+}")
	open := strings.LastIndexByte(line, '{')
	if !plus || open < 0 {
		return 0, false
	}
	return saturatedNumber(line[open+1:])
}

// saturatedNumber reads digits; a number that is too large stays the largest,
// so that it is refused and not overlooked.
func saturatedNumber(digits string) (n int64, ok bool) {
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n < 1<<58 {
			n = n*10 + int64(c-'0')
		}
	}
	return n, digits != ""
}

// lastOctets is the end of the line, at most len(d.tail) octets.
func (d *decoder) lastOctets() string {
	n := min(d.pos, len(d.tail))
	b := make([]byte, 0, len(d.tail))
	for i := d.pos - n; i < d.pos; i++ {
		b = append(b, d.tail[i%len(d.tail)])
	}
	return string(b)
}
