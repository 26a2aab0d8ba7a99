package imap

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"unicode/utf8"

	"buzon/internal/message"
)

// scanBuffer is how much of a text is folded and looked through at once.
const scanBuffer = 32 << 10 // octets

// scanner looks for needles in texts, of any length, in one pass for all. It
// holds one buffer, as long as scanBuffer and twice the longest needle.
type scanner struct {
	ctx     context.Context
	needles []needle
	keep    int // octets that the start of a needle may take at the end of a buffer
	ascii   bool
	buf     []byte
	scratch []byte
}

// scanPool keeps buffers of scanBuffer octets between searches.
var scanPool = sync.Pool{New: func() any { return new([scanBuffer]byte) }}

func newScanner(ctx context.Context, needles []needle) *scanner {
	s := &scanner{ctx: ctx, needles: needles, ascii: true}
	for _, n := range needles {
		s.keep = max(s.keep, len(n.folded)-1)
		for i := range len(n.folded) {
			s.ascii = s.ascii && n.folded[i] < utf8.RuneSelf
		}
	}
	return s
}

// borrow gets the buffer when it is first needed.
func (s *scanner) borrow() {
	switch {
	case s.buf != nil:
	case 2*s.keep > scanBuffer/2:
		s.buf = make([]byte, scanBuffer+2*s.keep)
	default:
		s.buf = scanPool.Get().(*[scanBuffer]byte)[:]
	}
}

func (s *scanner) release() {
	if len(s.buf) == scanBuffer {
		scanPool.Put((*[scanBuffer]byte)(s.buf))
	}
	s.buf = nil
}

// hits are the needles found so far, by number.
type hits struct {
	bits uint64
	all  uint64
}

func (s *scanner) newHits() hits { return hits{all: 1<<len(s.needles) - 1} }

func (h *hits) complete() bool  { return h.bits == h.all }
func (h *hits) has(at int) bool { return h.bits&(1<<at) != 0 }
func (h *hits) add(at int)      { h.bits |= 1 << at }

// text looks through a short text.
func (s *scanner) text(text string, h *hits) {
	if h.complete() || text == "" {
		return
	}
	s.scratch = appendFolded(s.scratch[:0], []byte(text))
	s.folded(s.scratch, h)
}

// field looks through a header field with its name, decoded and unfolded.
func (s *scanner) field(raw []byte, h *hits) {
	if !isPlainField(raw) {
		colon := bytes.IndexByte(raw, ':') + 1
		s.text(string(raw[:colon])+message.DecodeHeader(string(raw[colon:])), h)
		return
	}
	// Most fields have nothing to decode: this is what TEXT spends its time on.
	s.scratch = s.scratch[:0]
	for len(raw) > 0 {
		n := bytes.IndexAny(raw, "\r\n")
		if n < 0 {
			n = len(raw)
		}
		s.scratch = appendFolded(s.scratch, raw[:n])
		raw = raw[min(n+1, len(raw)):]
	}
	s.folded(s.scratch, h)
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

func (s *scanner) folded(folded []byte, h *hits) {
	for i, n := range s.needles {
		if !h.has(i) && n.inFolded(folded) {
			h.add(i)
		}
	}
}

// reader looks through a text of any length until all needles are found. What
// may be the start of a needle stays in the buffer for the next round.
func (s *scanner) reader(r io.Reader, h *hits) error {
	s.borrow()
	folded, raw := 0, 0 // buf[:folded] is folded, buf[folded:folded+raw] is not yet
	for !h.complete() {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		n, err := readSome(r, s.buf[folded+raw:])
		raw += n
		whole := wholeRunes(s.buf[folded:folded+raw], err != nil)
		out := appendFolded(s.buf[:folded], s.buf[folded:folded+whole])
		s.folded(out, h)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		kept := copy(s.buf, out[max(len(out)-s.keep, 0):])
		raw = copy(s.buf[kept:], s.buf[folded+whole:folded+raw])
		folded = kept
	}
	return nil
}

// readSome fills at least half of buf, so that a reader that gives little at a
// time does not make us look at the same octets again and again.
func readSome(r io.Reader, buf []byte) (int, error) {
	n, err := io.ReadAtLeast(r, buf, len(buf)/2)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// wholeRunes is how much of b ends with a whole rune; at the end of the text everything does.
func wholeRunes(b []byte, end bool) int {
	if end {
		return len(b)
	}
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) {
				return len(b)
			}
			return i
		}
	}
	return len(b)
}
