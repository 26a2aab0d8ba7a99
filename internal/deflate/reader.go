// Package deflate compresses and decompresses a conversation (RFC 1951), as
// COMPRESS=DEFLATE of IMAP needs it (RFC 4978). The libraries' readers give
// nothing out before a stored block or a full window, so that a peer which
// flushes partially (Z_PARTIAL_FLUSH) waits for an answer for ever, and their
// writers hold about a megabyte each. Here a Reader gives out every symbol that
// is complete, and holds as much memory as was ever said; a Packer holds
// nothing between two pieces.
package deflate

import (
	"errors"
	"io"
)

// ErrCorrupt is input that is not DEFLATE.
var ErrCorrupt = errors.New("deflate: corrupt input")

var (
	errCorrupt = ErrCorrupt
	errMore    = errors.New("deflate: more input is needed") // never leaves the package
)

const (
	windowSize = 32 << 10       // octets that a distance can reach back (RFC 1951 §2)
	leastSpace = 1 << 10        // octets of a window at first: most clients say little
	maxPending = windowSize / 2 // octets decompressed ahead of who reads; the rest of the window takes one more match
	inputSize  = 512            // octets; a TLS connection has a record's worth behind it
)

// Reader decompresses. It takes from the source only when it has nothing to
// give, gives all that is complete, and survives an error of the source, such
// as a deadline: the next Read goes on.
type Reader struct {
	src      io.Reader
	pos, end int // buf[pos:end] was read and not looked at
	buf      [inputSize]byte
	in       bitBuffer
	step     func(*Reader) error
	err      error // that ends the stream
	final    bool  // in the last block
	left     int   // octets of a stored block still to come
	fixed    bool  // the block has the fixed codes
	spoke    bool  // the block has given something
	flushed  bool  // the last block was empty, which is how a flush ends

	window  []byte
	at      int  // where the next octet goes
	full    bool // the window has wrapped
	pending int  // octets before at that were not given out

	literals, distances *huffman
	dynamic             *dynamic // made with the first block that has codes of its own
}

// NewReader returns a Reader that decompresses src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src, step: (*Reader).header} }

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		r.inflate(len(p))
		if r.pending > 0 {
			return r.give(p), nil
		}
		if r.err != nil {
			return 0, r.err
		}
		n, err := r.src.Read(r.buf[:])
		if n == 0 && err != nil {
			return 0, err
		}
		r.pos, r.end = 0, n // an error that came with octets comes again
	}
}

// inflate goes on until want octets are there or the input is used up.
func (r *Reader) inflate(want int) {
	want = min(want, maxPending)
	for r.err == nil && r.pending < want {
		r.refill()
		err := r.step(r)
		if err == errMore {
			if r.pos == r.end {
				return
			}
			continue
		}
		r.err = err
	}
}

// refill tops the bits up: 57 are more than any step needs.
func (r *Reader) refill() {
	for r.in.n <= 56 && r.pos < r.end {
		r.in.bits |= uint64(r.buf[r.pos]) << r.in.n
		r.in.n += 8
		r.pos++
	}
}

// Settle reads on to the end of a flush: an empty block, or the stream's end.
// Who wants to read on below the compression must take nothing for plain text
// that belongs to it. What is decompressed meanwhile is lost.
func (r *Reader) Settle() error {
	for {
		r.inflate(maxPending)
		switch {
		case r.pending > 0:
			r.pending = 0
			continue
		case r.settled():
			return nil
		case r.err != nil:
			return r.err
		}
		n, err := r.src.Read(r.buf[:])
		if n == 0 && err != nil {
			return err
		}
		r.pos, r.end = 0, n
	}
}

// settled also tells when the rest of the empty block is not going to come: of
// the ten bits that end Z_PARTIAL_FLUSH, zlib keeps those that fill no octet.
func (r *Reader) settled() bool {
	return r.flushed || r.fixed && !r.spoke && r.in.bits == 0
}

// give copies what is pending.
func (r *Reader) give(p []byte) int {
	n := 0
	for r.pending > 0 && n < len(p) {
		from := r.at - r.pending
		to := r.at
		if from < 0 {
			from, to = from+windowSize, windowSize
		}
		m := copy(p[n:], r.window[from:to])
		n += m
		r.pending -= m
	}
	return n
}

// room makes place for an octet at r.at.
func (r *Reader) room() {
	if r.at < len(r.window) {
		return
	}
	if len(r.window) == windowSize {
		r.at, r.full = 0, true
		return
	}
	bigger := make([]byte, max(2*len(r.window), leastSpace))
	copy(bigger, r.window)
	r.window = bigger
}

func (r *Reader) put(c byte) {
	r.room()
	r.window[r.at] = c
	r.at++
	r.said(1)
}

// said notes that n octets were put into the window.
func (r *Reader) said(n int) {
	r.pending += n
	r.spoke, r.flushed = true, false
}

// header reads the three bits that begin a block (RFC 1951 §3.2.3).
func (r *Reader) header() error {
	if r.final {
		r.flushed = true
		return io.EOF
	}
	v, ok := r.in.take(3)
	if !ok {
		return errMore
	}
	r.final, r.fixed, r.spoke = v&1 != 0, v>>1 == 1, false
	switch v >> 1 {
	case 0:
		r.in.take(r.in.n % 8) // RFC 1951 §3.2.4: to the next octet
		r.step = (*Reader).storedLength
	case 1:
		r.literals, r.distances = fixedLiterals, fixedDistances
		r.step = (*Reader).symbols
	case 2:
		r.step = (*Reader).dynamicCounts
	default:
		return errCorrupt
	}
	return nil
}

func (r *Reader) storedLength() error {
	v, ok := r.in.take(32)
	if !ok {
		return errMore
	}
	if v&0xffff != ^v>>16&0xffff {
		return errCorrupt
	}
	r.left = v & 0xffff
	r.step = (*Reader).stored
	return nil
}

// stored copies octets, first those that stand in the bits.
func (r *Reader) stored() error {
	for r.left > 0 && r.pending < maxPending {
		if v, ok := r.in.take(8); ok {
			r.put(byte(v))
			r.left--
			continue
		}
		if r.pos == r.end {
			return errMore
		}
		r.room()
		n := copy(r.window[r.at:], r.buf[r.pos:r.end][:min(r.left, r.end-r.pos, maxPending-r.pending)])
		r.at, r.pos, r.left = r.at+n, r.pos+n, r.left-n
		r.said(n)
	}
	if r.left == 0 {
		r.endBlock()
	}
	return nil
}

// Lengths and distances (RFC 1951 §3.2.5): a symbol's least value and extra bits.
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthBits = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase   = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distBits   = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

const endOfBlock = 256

// symbols decodes literals until something else comes.
func (r *Reader) symbols() error {
	for r.pending < maxPending {
		r.refill()
		in := r.in
		s, err := in.symbolOf(r.literals)
		switch {
		case err != nil:
			return err
		case s < endOfBlock:
			r.in = in
			r.put(byte(s))
		case s == endOfBlock:
			r.in = in
			r.endBlock()
			return nil
		default:
			return r.match(in, s-endOfBlock-1)
		}
	}
	return nil
}

// match copies what was said before. in stands behind the length's symbol.
func (r *Reader) match(in bitBuffer, l int) error {
	if l >= len(lengthBase) {
		return errCorrupt
	}
	more, ok := in.take(uint(lengthBits[l]))
	if !ok {
		return errMore
	}
	d, err := in.symbolOf(r.distances)
	if err != nil {
		return err
	}
	if d >= len(distBase) {
		return errCorrupt
	}
	far, ok := in.take(uint(distBits[d]))
	if !ok {
		return errMore
	}
	r.in = in
	return r.copyBack(int(lengthBase[l])+more, int(distBase[d])+far)
}

func (r *Reader) copyBack(length, distance int) error {
	if distance > r.at && !r.full {
		return errCorrupt
	}
	for range length {
		r.room()
		from := r.at - distance
		if from < 0 {
			from += windowSize
		}
		r.window[r.at] = r.window[from]
		r.at++
	}
	r.said(length)
	return nil
}

func (r *Reader) endBlock() {
	r.flushed = !r.spoke
	r.step = (*Reader).header
}
