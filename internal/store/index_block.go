package store

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// A trigram is three octets in a row of a folded text: octets and not
// characters, so that a single character of East Asia can be looked up too, and
// because the search itself compares octets.
type trigram uint32

const trigramBits = 24

const (
	// segmentBodies is how many bodies a segment has at most. Each is two
	// documents: its header, and its body segmentBodies further on.
	segmentBodies = 128
	segmentDocs   = 2 * segmentBodies

	// blockSize is where a block ends. Small ones are soon looked through and
	// fill the file's pages well; each costs about 12 octets beside its data.
	blockSize = 480 // octets
)

// docs is a set of a segment's documents.
type docs [segmentDocs / 64]uint64

func (d *docs) add(doc int) { d[doc/64] |= 1 << (doc % 64) }

func (d *docs) has(doc int) bool { return d[doc/64]&(1<<(doc%64)) != 0 }

func (d *docs) and(o *docs) {
	for i := range d {
		d[i] &= o[i]
	}
}

func (d *docs) count() (n int) {
	for _, w := range d {
		n += bits.OnesCount64(w)
	}
	return n
}

// posting is that a document has a trigram: trigram<<8 | document.
type posting uint32

func (p posting) trigram() trigram { return trigram(p >> 8) }

// block is a block before it has its segment's number.
type block struct {
	first trigram
	end   int // in encodedBlocks.data
}

// encodedBlocks are blocks one after the other.
type encodedBlocks struct {
	list []block
	data []byte
}

// encodeBlocks makes the blocks of a segment from its postings, ascending and
// each once. A block is entries in ascending order: the difference to the
// trigram before (0 for the first, which stands in the block's key), then the documents.
func encodeBlocks(all []posting) encodedBlocks {
	e := encodedBlocks{data: make([]byte, 0, len(all)+len(all)/2)}
	var last trigram
	start := -blockSize
	for len(all) > 0 {
		t := all[0].trigram()
		n := 1
		for n < len(all) && all[n].trigram() == t {
			n++
		}
		if len(e.data)-start >= blockSize {
			start, last = len(e.data), t
			e.list = append(e.list, block{first: t})
		}
		e.data = binary.AppendUvarint(e.data, uint64(t-last))
		e.data = appendDocs(e.data, all[:n])
		e.list[len(e.list)-1].end = len(e.data)
		last = t
		all = all[n:]
	}
	return e
}

// appendDocs writes documents as their number and an octet for each, or as 0,
// a bit for each octet of the set that is not 0, and these octets: whatever is shorter.
func appendDocs(dst []byte, list []posting) []byte {
	var set [segmentDocs / 8]byte
	for _, p := range list {
		set[byte(p)/8] |= 1 << (byte(p) % 8)
	}
	var there uint32
	for i, b := range set {
		if b != 0 {
			there |= 1 << i
		}
	}
	if len(list) <= 4+bits.OnesCount32(there) {
		dst = append(dst, byte(len(list)))
		for _, p := range list {
			dst = append(dst, byte(p))
		}
		return dst
	}
	dst = binary.LittleEndian.AppendUint32(append(dst, 0), there)
	for _, b := range set {
		if b != 0 {
			dst = append(dst, b)
		}
	}
	return dst
}

// entry is where the documents of a trigram stand in a block: data without its
// number, and the number, 0 for a set.
type entry struct {
	number int
	data   []byte
}

// nextEntry takes an entry off a block; ok is false where it is damaged.
func nextEntry(b []byte) (step trigram, e entry, rest []byte, ok bool) {
	d, n := binary.Uvarint(b)
	if n <= 0 || len(b) <= n {
		return 0, e, nil, false
	}
	e.number = int(b[n])
	b = b[n+1:]
	size := e.number
	if size == 0 {
		if len(b) < 4 {
			return 0, e, nil, false
		}
		size = 4 + bits.OnesCount32(binary.LittleEndian.Uint32(b))
	}
	if len(b) < size {
		return 0, e, nil, false
	}
	e.data = b[:size]
	return trigram(d), e, b[size:], true
}

// docs is the set of the entry.
func (e entry) docs() (d docs) {
	if e.number > 0 {
		for _, doc := range e.data {
			d.add(int(doc))
		}
		return d
	}
	octets := e.data[4:]
	for there := binary.LittleEndian.Uint32(e.data); there != 0; there &= there - 1 {
		at := bits.TrailingZeros32(there)
		d[at/8] |= uint64(octets[0]) << (at % 8 * 8)
		octets = octets[1:]
	}
	return d
}

// findDocs looks for a trigram in a block that begins with first.
func findDocs(b []byte, first, t trigram) (d docs, ok bool) {
	for at := first; len(b) > 0; {
		step, e, rest, whole := nextEntry(b)
		if !whole {
			return everyDoc(), false
		}
		at += step
		if at == t {
			return e.docs(), true
		}
		if at > t {
			break
		}
		b = rest
	}
	return docs{}, true
}

func everyDoc() (d docs) {
	for i := range d {
		d[i] = ^uint64(0)
	}
	return d
}

// appendIDs writes ascending ids as differences.
func appendIDs(dst []byte, ids []BodyID) []byte {
	var last BodyID
	for _, id := range ids {
		dst = binary.AppendUvarint(dst, uint64(id-last))
		last = id
	}
	return dst
}

// readIDs reads them back, as many as are whole.
func readIDs(dst []BodyID, b []byte) []BodyID {
	var last BodyID
	for len(b) > 0 && len(dst) < segmentBodies {
		d, n := binary.Uvarint(b)
		if n <= 0 {
			break
		}
		last += BodyID(d)
		dst = append(dst, last)
		b = b[n:]
	}
	return dst
}

// uniqueSorted sorts postings and drops those that are there already.
func uniqueSorted(p []posting) []posting {
	slices.Sort(p)
	return slices.Compact(p)
}
