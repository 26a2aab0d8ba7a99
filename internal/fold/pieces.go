package fold

import (
	"errors"
	"io"
	"unicode/utf8"
)

// Pieces gives f the text of r, of any length, folded and piece by piece until
// f returns false or an error. Each piece begins with the last keep octets of
// the one before, so that what is at most one octet longer is seen whole
// somewhere. buf holds the pieces; it is much longer than keep.
func Pieces(r io.Reader, buf []byte, keep int, f func(folded []byte) (more bool, err error)) error {
	// The end of buf is for what was read and not folded yet, so little of it
	// that there is always room for its folded form.
	room := len(buf) - (len(buf)-keep)/16
	out, raw, held := buf[:0:room], buf[room:], 0
	for {
		n, err := readSome(r, raw[held:])
		held += n
		whole := wholeRunes(raw[:held], err != nil)
		out = Append(out, raw[:whole])
		held = copy(raw, raw[whole:held])
		if err == nil && cap(out)-len(out) >= MaxGrowth*len(raw) {
			continue
		}
		if more, err := f(out); err != nil || !more {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		out = out[:copy(out, out[max(len(out)-keep, 0):])]
	}
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
