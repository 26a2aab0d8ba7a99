package deflate

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Packer compresses pieces of any number of conversations. Each piece refers
// to nothing before it and ends on an octet (what zlib calls Z_FULL_FLUSH), so
// that the compressor, which costs much memory, belongs to nobody between two
// pieces, and to nobody who is slow in reading.
type Packer struct {
	slots   chan struct{} // one token for each compressor at work
	writers sync.Pool     // of *flate.Writer
}

// NewPacker returns a Packer that lets n compressors work at a time; others wait for them.
func NewPacker(n int) *Packer { return &Packer{slots: make(chan struct{}, n)} }

// Pack appends the compressed piece to out.
func (p *Packer) Pack(out *bytes.Buffer, piece []byte) error {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	w, err := p.writer()
	if err != nil {
		return err
	}
	defer p.writers.Put(w)
	w.Reset(out)
	if _, err := w.Write(piece); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	w.Reset(nil) // it must not keep out alive
	return nil
}

func (p *Packer) writer() (*flate.Writer, error) {
	if w, ok := p.writers.Get().(*flate.Writer); ok {
		return w, nil
	}
	w, err := flate.NewWriter(nil, level)
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return w, nil
}

// level trades size for time: an eighth less than the fastest level on mail
// and code, at a rate that is still beyond what a line to a phone takes. A
// compressor at this level costs 1.1 MB.
const level = 5
