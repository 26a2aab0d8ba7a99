package imap

import (
	"bytes"

	"buzon/internal/fold"
)

// needle is a text to look for, folded.
type needle struct{ folded string }

func newNeedle(text string) needle { return needle{string(fold.Append(nil, []byte(text)))} }

// in tells whether text has the needle in it. scratch is a buffer to fold in.
func (n needle) in(text string, scratch *[]byte) bool {
	if len(text)*fold.MaxGrowth < len(n.folded) {
		return false
	}
	*scratch = fold.Append((*scratch)[:0], []byte(text))
	return n.inFolded(*scratch)
}

func (n needle) inFolded(folded []byte) bool { return bytes.Contains(folded, []byte(n.folded)) }

// foldASCII is a field's name as envelopeFields has it.
func foldASCII(name string) string {
	b := []byte(name)
	for i, c := range b {
		b[i] = upper(c)
	}
	return string(b)
}
