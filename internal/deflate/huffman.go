package deflate

import "math/bits"

const (
	maxCode   = 15  // bits of the longest code (RFC 1951 §3.2.7)
	maxSymbol = 288 // symbols of the literal and length alphabet
	fastBits  = 9   // codes up to this length are found in one step
)

// huffman is one prefix code (RFC 1951 §3.2.2).
type huffman struct {
	fast    [1 << fastBits]uint16 // by the next bits: symbol<<4 | length, or 0 when the code is longer or none
	count   [maxCode + 1]uint16   // codes by length
	symbol  [maxSymbol]uint16     // in the order of their codes
	longest uint                  // bits; what is no code by then is none
}

// build makes the code of the lengths, or tells that they make none. A code
// with holes is none, except a single one of one bit, and one without any
// symbol: a block of literals has no distances.
func (h *huffman) build(lengths []uint8) bool {
	h.count = [maxCode + 1]uint16{}
	for _, n := range lengths {
		h.count[n]++
	}
	h.count[0] = 0
	h.longest = 0
	left, used := 1, 0 // codes of this length still to give, symbols so far
	var first [maxCode + 2]uint16
	for n := 1; n <= maxCode; n++ {
		left = left<<1 - int(h.count[n])
		if left < 0 {
			return false
		}
		used += int(h.count[n])
		if h.count[n] > 0 {
			h.longest = uint(n)
		}
		first[n+1] = first[n] + h.count[n]
	}
	if left > 0 && used > 0 && (used != 1 || h.count[1] != 1) {
		return false
	}
	for s, n := range lengths {
		if n != 0 {
			h.symbol[first[n]] = uint16(s)
			first[n]++
		}
	}
	h.fillFast()
	return true
}

// fillFast spreads the short codes over the table.
func (h *huffman) fillFast() {
	h.fast = [1 << fastBits]uint16{}
	code, at := 0, 0
	for n := 1; n <= fastBits; n++ {
		for range h.count[n] {
			entry := h.symbol[at]<<4 | uint16(n)
			// The stream has the code's first bit lowest.
			for i := int(bits.Reverse16(uint16(code)) >> (16 - n)); i < len(h.fast); i += 1 << n {
				h.fast[i] = entry
			}
			code++
			at++
		}
		code <<= 1
	}
}

// fixed are the codes that need no description (RFC 1951 §3.2.6).
var fixedLiterals, fixedDistances = fixedCodes()

func fixedCodes() (literals, distances *huffman) {
	var lengths [maxSymbol]uint8
	for i := range lengths {
		switch {
		case i < 144 || i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	var flat [32]uint8
	for i := range flat {
		flat[i] = 5
	}
	literals, distances = new(huffman), new(huffman)
	literals.build(lengths[:])
	distances.build(flat[:])
	return literals, distances
}

// bitBuffer is what was taken from the input and not consumed, lowest bit
// first. A step consumes from a copy, and the copy replaces the original only
// when all bits of the step were there.
type bitBuffer struct {
	bits uint64
	n    uint
}

// take consumes k bits if they are there.
func (b *bitBuffer) take(k uint) (v int, ok bool) {
	if b.n < k {
		return 0, false
	}
	v = int(b.bits & (1<<k - 1))
	b.bits >>= k
	b.n -= k
	return v, true
}

// symbolOf consumes one code of h. It looks at no more bits than the code has:
// after Z_PARTIAL_FLUSH there may be none beyond.
func (b *bitBuffer) symbolOf(h *huffman) (symbol int, err error) {
	if e := h.fast[b.bits&(1<<fastBits-1)]; e != 0 {
		n := uint(e & 15)
		if n > b.n {
			return 0, errMore
		}
		b.bits >>= n
		b.n -= n
		return int(e >> 4), nil
	}
	return b.longSymbol(h)
}

// longSymbol goes bit by bit.
func (b *bitBuffer) longSymbol(h *huffman) (int, error) {
	code, first, index := 0, 0, 0
	for n := uint(1); n <= h.longest; n++ {
		if n > b.n {
			return 0, errMore
		}
		code |= int(b.bits >> (n - 1) & 1)
		count := int(h.count[n])
		if code-first < count {
			b.bits >>= n
			b.n -= n
			return int(h.symbol[index+code-first]), nil
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0, errCorrupt
}
