package deflate

// dynamic is the description of a block's own codes, as far as it was read
// (RFC 1951 §3.2.7).
type dynamic struct {
	literals, distances, lengths huffman

	nLiterals, nDistances, nLengths int
	have                            int
	length                          [maxSymbol + 32]uint8
}

// lengthOrder is the order in which the lengths of the code for lengths come.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (r *Reader) dynamicCounts() error {
	v, ok := r.in.take(14)
	if !ok {
		return errMore
	}
	if r.dynamic == nil {
		r.dynamic = new(dynamic)
	}
	d := r.dynamic
	d.nLiterals, d.nDistances, d.nLengths = v&31+257, v>>5&31+1, v>>10+4
	if d.nLiterals > 286 || d.nDistances > 30 {
		return errCorrupt
	}
	d.have = 0
	clear(d.length[:len(lengthOrder)])
	r.step = (*Reader).dynamicLengths
	return nil
}

// dynamicLengths reads the code in which the lengths of the others are told.
func (r *Reader) dynamicLengths() error {
	d := r.dynamic
	for ; d.have < d.nLengths; d.have++ {
		v, ok := r.in.take(3)
		if !ok {
			return errMore
		}
		d.length[lengthOrder[d.have]] = uint8(v)
	}
	if !d.lengths.build(d.length[:len(lengthOrder)]) {
		return errCorrupt
	}
	d.have = 0
	r.step = (*Reader).dynamicCodes
	return nil
}

// dynamicCodes reads the lengths of both codes, which are one sequence.
func (r *Reader) dynamicCodes() error {
	d := r.dynamic
	for all := d.nLiterals + d.nDistances; d.have < all; {
		r.refill()
		in := r.in
		value, repeat, err := d.next(&in)
		if err != nil {
			return err
		}
		if d.have+repeat > all {
			return errCorrupt
		}
		r.in = in
		for range repeat {
			d.length[d.have] = value
			d.have++
		}
	}
	if !d.literals.build(d.length[:d.nLiterals]) || !d.distances.build(d.length[d.nLiterals:d.have]) {
		return errCorrupt
	}
	r.literals, r.distances = &d.literals, &d.distances
	r.step = (*Reader).symbols
	return nil
}

// next is one length and how often it comes.
func (d *dynamic) next(in *bitBuffer) (value uint8, repeat int, err error) {
	s, err := in.symbolOf(&d.lengths)
	if err != nil {
		return 0, 0, err
	}
	extra, least := uint(0), 0
	switch s {
	default:
		return uint8(s), 1, nil
	case 16:
		if d.have == 0 {
			return 0, 0, errCorrupt
		}
		value, extra, least = d.length[d.have-1], 2, 3
	case 17:
		extra, least = 3, 3
	case 18:
		extra, least = 7, 11
	}
	more, ok := in.take(extra)
	if !ok {
		return 0, 0, errMore
	}
	return value, least + more, nil
}
