package message

import (
	"errors"
	"io"

	"golang.org/x/text/transform"
)

// textReader converts what r gives as transform.Reader does, with one buffer out
// of a pool instead of two of its own: a search makes a textReader for every part.
type textReader struct {
	r   io.Reader
	t   transform.Transformer
	src *[decodeBuffer]byte // nil once it was given back
	lo  int                 // src[lo:hi] is not converted yet
	hi  int
	end error  // why r gives no more
	out []byte // converted, for a caller with a tiny buffer
}

// tinyRead is a buffer in which a decoder may find no room for what belongs together.
const tinyRead = 64 // octets

// Read is io.Reader's.
func (t *textReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(t.out) == 0 && len(p) >= tinyRead {
		return t.read(p)
	}
	if len(t.out) == 0 {
		buf := make([]byte, tinyRead)
		n, err := t.read(buf)
		if n == 0 {
			return 0, err
		}
		t.out = buf[:n]
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}

// read converts into p, which is not tiny.
func (t *textReader) read(p []byte) (int, error) {
	for t.src != nil {
		n, used, err := t.t.Transform(p, t.src[t.lo:t.hi], t.end != nil)
		t.lo += used
		switch {
		case n > 0:
			return n, nil
		case err == nil && t.end != nil && t.lo == t.hi:
			t.release()
		case err != nil && !errors.Is(err, transform.ErrShortSrc) || t.end != nil && used == 0:
			t.end = firstError(err, t.end)
			t.release()
		case t.end == nil:
			t.fill()
		}
	}
	return 0, t.end
}

// fill moves what is left to the front and reads once.
func (t *textReader) fill() {
	t.hi = copy(t.src[:], t.src[t.lo:t.hi])
	t.lo = 0
	n, err := t.r.Read(t.src[t.hi:])
	t.hi += n
	if errors.Is(err, io.EOF) {
		err = io.EOF
	}
	t.end = err
}

func (t *textReader) release() {
	decodeBuffers.Put(t.src)
	t.src = nil
}

// firstError is the error that came first: of the conversion, unless r failed.
func firstError(converting, reading error) error {
	if reading != nil && reading != io.EOF {
		return reading
	}
	if converting != nil && !errors.Is(converting, transform.ErrShortSrc) {
		return converting
	}
	return reading
}
