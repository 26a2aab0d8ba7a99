package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// gptHeader is one sector (UEFI 2.10 §5.3.2); all numbers are sectors.
type gptHeader struct{ raw []byte }

const (
	gptSignature = "EFI PART"
	gptPrimary   = 1  // sector
	gptArray     = 34 // where the array of a grown table begins: behind that of the table as it was made
	gptMostArray = 64 // sectors; 32 are usual
	gptEntrySize = 128
)

func (h gptHeader) u32(at int) uint32      { return binary.LittleEndian.Uint32(h.raw[at:]) }
func (h gptHeader) u64(at int) int64       { return int64(binary.LittleEndian.Uint64(h.raw[at:])) }
func (h gptHeader) put64(at int, n int64)  { binary.LittleEndian.PutUint64(h.raw[at:], uint64(n)) }
func (h gptHeader) put32(at int, n uint32) { binary.LittleEndian.PutUint32(h.raw[at:], n) }
func (h gptHeader) self() int64            { return h.u64(24) }
func (h gptHeader) backup() int64          { return h.u64(32) }
func (h gptHeader) firstUsable() int64     { return h.u64(40) }
func (h gptHeader) array() int64           { return h.u64(72) }
func (h gptHeader) count() int             { return int(h.u32(80)) }
func (h gptHeader) arraySectors() int64    { return (int64(h.count())*gptEntrySize + sector - 1) / sector }
func (h gptHeader) sum(length uint32) (c uint32) {
	b := bytes.Clone(h.raw[:length])
	clear(b[16:20]) // the sum is taken with itself as zero
	return crc32.ChecksumIEEE(b)
}

// gptTable is a header and its array.
type gptTable struct {
	gptHeader
	entries []byte
}

var errGPT = fmt.Errorf("%w: the GPT is damaged", ErrNoTable)

// readGPT reads the table whose header is in a sector, and verifies its sums.
func readGPT(d Device, at int64) (gptTable, error) {
	raw := make([]byte, sector)
	if _, err := d.ReadAt(raw, at*sector); err != nil {
		return gptTable{}, err
	}
	h := gptHeader{raw}
	length := h.u32(12)
	if string(raw[:8]) != gptSignature || length < 92 || length > sector || h.u32(16) != h.sum(length) {
		return gptTable{}, errGPT
	}
	if h.self() != at || h.u32(84) != gptEntrySize || h.count() < 1 || h.arraySectors() > gptMostArray || h.array() < 2 {
		return gptTable{}, errGPT
	}
	entries := make([]byte, h.arraySectors()*sector)
	if _, err := d.ReadAt(entries, h.array()*sector); err != nil {
		return gptTable{}, err
	}
	if crc32.ChecksumIEEE(entries[:h.count()*gptEntrySize]) != h.u32(88) {
		return gptTable{}, errGPT
	}
	return gptTable{h, entries}, nil
}

// extent of a partition: its first and its last sector; zero if there is none.
func (t gptTable) extent(number int) (first, last int64) {
	if number < 1 || number > t.count() {
		return 0, 0
	}
	e := t.entries[(number-1)*gptEntrySize:]
	return int64(binary.LittleEndian.Uint64(e[32:])), int64(binary.LittleEndian.Uint64(e[40:]))
}

// growGPT writes the new backup at the new end of the disk, then the new array beside the old one, and then the one sector of
// the primary header, which says where its array is: before it the old table is valid and after it the new one. The kernel
// looks at no backup unless the primary header is damaged, which it never is.
func growGPT(d Device, size int64, number int) (Extent, error) {
	t, err := readGPT(d, gptPrimary)
	if err != nil {
		return Extent{}, err
	}
	first, last := t.extent(number)
	if first == 0 {
		return Extent{}, fmt.Errorf("%w: no partition %d", ErrNoTable, number)
	}
	for n := 1; n <= t.count(); n++ {
		if other, _ := t.extent(n); n != number && other >= first {
			return Extent{}, fmt.Errorf("partition %d is not the last one", number)
		}
	}
	sectors := size / sector
	end := (sectors-t.arraySectors()-1)*sector/align*align/sector - 1 // the last sector it can have
	if (end-last)*sector >= worthwhile {
		if err := t.rewrite(d, number, end, sectors); err != nil {
			return Extent{}, fmt.Errorf("write the partition table: %w", err)
		}
		last = end
	}
	return Extent{first * sector, (last - first + 1) * sector}, nil
}

func (t gptTable) rewrite(d Device, number int, end, sectors int64) error {
	array := int64(gptArray)
	if t.array() == array { // it has been grown before
		array = 2
	}
	if t.firstUsable() < gptArray+t.arraySectors() || 2+t.arraySectors() > gptArray {
		return errors.New("no room for a second array before the first partition")
	}
	binary.LittleEndian.PutUint64(t.entries[(number-1)*gptEntrySize+40:], uint64(end))
	t.put32(88, crc32.ChecksumIEEE(t.entries[:t.count()*gptEntrySize]))
	t.put64(48, sectors-t.arraySectors()-2) // the last usable sector
	if err := t.write(d, sectors-1, gptPrimary, sectors-1-t.arraySectors()); err != nil {
		return err
	}
	return t.write(d, gptPrimary, sectors-1, array)
}

// write puts the array, and then the header, to where it says.
func (t gptTable) write(d Device, self, other, array int64) error {
	t.put64(24, self)
	t.put64(32, other)
	t.put64(72, array)
	t.put32(16, t.sum(t.u32(12)))
	if err := writeSynced(d, t.entries, array*sector); err != nil {
		return err
	}
	return writeSynced(d, t.raw, self*sector)
}
