package dkim

import (
	"bufio"
	"crypto/sha256"
	"hash"
	"io"
)

// Body is the hash of a message's body in the two forms that signatures may
// name, made in one pass.
type Body struct{ simple, relaxed bodySum }

// bodySum is one form of a body.
type bodySum struct {
	sum  [sha256.Size]byte
	size int64 // octets in this form, which l= counts
	made bool
}

// counter counts what a hash is given.
type counter struct {
	hash.Hash
	size int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	return c.Hash.Write(p)
}

func (c *counter) finish() bodySum {
	s := bodySum{size: c.size, made: true}
	c.Sum(s.sum[:0])
	return s
}

// HashBody reads a body to its end and makes the forms that signatures ask
// for. Without any it reads nothing. Only errors of r are returned.
func HashBody(r io.Reader, signatures []*Signature) (Body, error) {
	var want Body
	for _, s := range signatures {
		want.simple.made = want.simple.made || !s.relaxedBody
		want.relaxed.made = want.relaxed.made || s.relaxedBody
	}
	var out Body
	var forms []io.Writer
	var ends []func()
	if want.simple.made {
		c := &counter{Hash: sha256.New()}
		f := &simple{w: bufio.NewWriter(c)}
		forms = append(forms, f)
		ends = append(ends, func() { f.close(); f.w.Flush(); out.simple = c.finish() }) // a hash takes everything
	}
	if want.relaxed.made {
		c := &counter{Hash: sha256.New()}
		f := &body{w: bufio.NewWriter(c)}
		forms = append(forms, f)
		ends = append(ends, func() { f.close(); f.w.Flush(); out.relaxed = c.finish() })
	}
	if len(forms) == 0 {
		return out, nil
	}
	if _, err := bufio.NewReaderSize(r, bufferSize).WriteTo(io.MultiWriter(forms...)); err != nil {
		return Body{}, err
	}
	for _, end := range ends {
		end()
	}
	return out, nil
}
