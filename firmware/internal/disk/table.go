package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Device is a disk or its image. Sync returns when what was written is on it.
type Device interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// Extent is where a partition is, in octets.
type Extent struct{ Start, Size int64 }

// ErrNoTable says that there are no partitions that we understand.
var ErrNoTable = errors.New("no partition table that is known here")

// worthwhile is the least gain for which a table is written again, in octets. Cards of one kind differ by less.
const worthwhile = 4 << 20

// align is what the end of a partition is a multiple of, in octets.
const align = 1 << 20

// GrowPartition lets a partition, the last one of a disk of size octets, go on to its end, and returns where it is now. A
// table that has it already is not written.
func GrowPartition(d Device, size int64, number int) (Extent, error) {
	first := make([]byte, sector)
	if _, err := d.ReadAt(first, 0); err != nil {
		return Extent{}, fmt.Errorf("read the partition table: %w", err)
	}
	m, err := parseMBR(first)
	if err != nil {
		return Extent{}, err
	}
	if m.protective() {
		return growGPT(d, size, number)
	}
	return growMBR(d, m, size, number)
}

// mbr is the sector with up to four partitions.
type mbr struct{ raw []byte }

const (
	mbrEntries    = 446 // where they are in the sector, in octets
	mbrEntry      = 16  // octets of each
	mbrCount      = 4
	mbrProtective = 0xEE // the type of the one partition by which a GPT hides from old programs
	mbrMost       = 1<<32 - 1
)

func parseMBR(b []byte) (mbr, error) {
	if len(b) < sector || b[510] != 0x55 || b[511] != 0xAA {
		return mbr{}, ErrNoTable
	}
	return mbr{b[:sector]}, nil
}

func (m mbr) entry(number int) []byte {
	at := mbrEntries + (number-1)*mbrEntry
	return m.raw[at : at+mbrEntry]
}

func (m mbr) kind(number int) byte { return m.entry(number)[4] }

// extent is in sectors.
func (m mbr) extent(number int) (start, count int64) {
	e := m.entry(number)
	return int64(binary.LittleEndian.Uint32(e[8:])), int64(binary.LittleEndian.Uint32(e[12:]))
}

func (m mbr) protective() bool {
	for n := 1; n <= mbrCount; n++ {
		if m.kind(n) == mbrProtective {
			return true
		}
	}
	return false
}

// growMBR changes one number in one sector, which a disk writes whole or not at all. The addresses by cylinder, head and
// sector stay: nothing has read them for decades.
func growMBR(d Device, m mbr, size int64, number int) (Extent, error) {
	if number < 1 || number > mbrCount || m.kind(number) == 0 {
		return Extent{}, fmt.Errorf("%w: no partition %d", ErrNoTable, number)
	}
	start, count := m.extent(number)
	for n := 1; n <= mbrCount; n++ {
		if other, _ := m.extent(n); n != number && m.kind(n) != 0 && other >= start {
			return Extent{}, fmt.Errorf("partition %d is not the last one", number)
		}
	}
	end := min(size/align*align/sector, start+mbrMost)
	if (end-start-count)*sector >= worthwhile {
		count = end - start
		binary.LittleEndian.PutUint32(m.entry(number)[12:], uint32(count))
		if err := writeSynced(d, m.raw, 0); err != nil {
			return Extent{}, fmt.Errorf("write the partition table: %w", err)
		}
	}
	return Extent{start * sector, count * sector}, nil
}

// writeSynced writes and waits until it is on the disk, so that what is written next cannot be there before.
func writeSynced(d Device, b []byte, at int64) error {
	if _, err := d.WriteAt(b, at); err != nil {
		return err
	}
	return d.Sync()
}
