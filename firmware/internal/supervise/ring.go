package supervise

import (
	"bytes"
	"sync"
)

// Ring keeps the last octets that were written to it, in whole lines. It is safe for concurrent use.
type Ring struct {
	mu   sync.Mutex
	size int
	b    []byte
}

// NewRing makes one of size octets.
func NewRing(size int) *Ring { return &Ring{size: size} }

// Write never fails.
func (r *Ring) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(b)
	if n > r.size {
		b = b[n-r.size:]
	}
	if over := len(r.b) + len(b) - r.size; over > 0 {
		// A quarter goes at once, so that not every line moves all the others.
		over = min(len(r.b), over+r.size/4)
		if at := bytes.IndexByte(r.b[over:], '\n'); at >= 0 {
			over += at + 1
		}
		r.b = append(r.b[:0], r.b[over:]...)
	}
	r.b = append(r.b, b...)
	return n, nil
}

// Bytes are a copy of what it holds.
func (r *Ring) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.b)
}
