package imap

import (
	"context"
	"io"
	"sync"

	"buzon/internal/fold"
)

// scanBuffer is how much of a text is folded and looked through at once.
const scanBuffer = 32 << 10 // octets

// scanner looks for needles in texts, of any length, in one pass for all. It
// holds one buffer, as long as scanBuffer and twice the longest needle.
type scanner struct {
	ctx     context.Context
	needles []needle
	keep    int // octets that the start of a needle may take at the end of a buffer
	buf     []byte
	scratch []byte
}

// scanPool keeps buffers of scanBuffer octets between searches.
var scanPool = sync.Pool{New: func() any { return new([scanBuffer]byte) }}

func newScanner(ctx context.Context, needles []needle) *scanner {
	s := &scanner{ctx: ctx, needles: needles}
	for _, n := range needles {
		s.keep = max(s.keep, len(n.folded)-1)
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
	s.scratch = fold.Append(s.scratch[:0], []byte(text))
	s.folded(s.scratch, h)
}

// field looks through a header field with its name, decoded and unfolded.
func (s *scanner) field(raw []byte, h *hits) {
	s.scratch = fold.AppendField(s.scratch[:0], raw)
	s.folded(s.scratch, h)
}

func (s *scanner) folded(folded []byte, h *hits) {
	for i, n := range s.needles {
		if !h.has(i) && n.inFolded(folded) {
			h.add(i)
		}
	}
}

// reader looks through a text of any length until all needles are found.
func (s *scanner) reader(r io.Reader, h *hits) error {
	s.borrow()
	return fold.Pieces(r, s.buf, s.keep, func(folded []byte) (more bool, err error) {
		if err := s.ctx.Err(); err != nil {
			return false, err
		}
		s.folded(folded, h)
		return !h.complete(), nil
	})
}
