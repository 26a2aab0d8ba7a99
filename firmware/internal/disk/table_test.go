package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"testing"
)

// disk in memory. Of what is written, only the first of so many sectors arrive; then the power is gone.
type memoryDisk struct {
	b     []byte
	left  int // sectors; less than 0: all
	syncs int
}

var errPower = errors.New("the power is gone")

func (d *memoryDisk) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(d.b)) {
		return 0, io.EOF
	}
	return copy(p, d.b[at:]), nil
}

func (d *memoryDisk) WriteAt(p []byte, at int64) (int, error) {
	for n := 0; n < len(p); n += sector {
		if d.left == 0 {
			return n, errPower
		}
		d.left--
		copy(d.b[at+int64(n):], p[n:min(len(p), n+sector)])
	}
	return len(p), nil
}

func (d *memoryDisk) Sync() error { d.syncs++; return nil }

const (
	oldSize = 16 << 20
	newSize = 24 << 20
	second  = 4 << 20 // where the last partition begins
)

func mbrDisk(t *testing.T) []byte {
	b := make([]byte, newSize)
	for i, p := range [][2]uint32{{2048, 8192}, {}, {}, {second / sector, (oldSize - second) / sector}} {
		e := b[mbrEntries+i*mbrEntry:]
		binary.LittleEndian.PutUint32(e[8:], p[0])
		binary.LittleEndian.PutUint32(e[12:], p[1])
		if p[1] > 0 {
			e[4] = 0x83
		}
	}
	b[510], b[511] = 0x55, 0xAA
	return b
}

// gptDisk has the table that is usual: 128 entries behind the header, and a backup at the end of the old size.
func gptDisk(t *testing.T) []byte {
	b := make([]byte, newSize)
	b[mbrEntries+4], b[510], b[511] = mbrProtective, 0x55, 0xAA
	table := gptTable{gptHeader{make([]byte, sector)}, make([]byte, 32*sector)}
	copy(table.raw, gptSignature)
	table.put32(8, 0x00010000)
	table.put32(12, 92)
	table.put64(40, 2048)
	table.put64(48, oldSize/sector-34)
	table.put32(80, 128)
	table.put32(84, gptEntrySize)
	for i, p := range [][2]int64{{2048, 4095}, {}, {}, {second / sector, oldSize/sector - 2048 - 1}} {
		if p[0] > 0 {
			e := table.entries[i*gptEntrySize:]
			e[0], e[16] = 1, 1
			binary.LittleEndian.PutUint64(e[32:], uint64(p[0]))
			binary.LittleEndian.PutUint64(e[40:], uint64(p[1]))
		}
	}
	table.put32(88, crc32.ChecksumIEEE(table.entries))
	d := &memoryDisk{b: b, left: -1}
	last := int64(oldSize/sector - 1)
	if err := errors.Join(table.write(d, last, gptPrimary, last-32), table.write(d, gptPrimary, last, 2)); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGrow(t *testing.T) {
	for what, make := range map[string]func(*testing.T) []byte{"MBR": mbrDisk, "GPT": gptDisk} {
		d := &memoryDisk{b: make(t), left: -1}
		same, err := GrowPartition(d, oldSize, 4)
		if err != nil || same.Start != second || d.syncs != 0 {
			t.Errorf("%s, not larger: %+v %v, written %d times", what, same, err, d.syncs)
		}
		grown, err := GrowPartition(d, newSize, 4)
		if err != nil || grown.Start != second || newSize-grown.Start-grown.Size > 2<<20 || (grown.Start+grown.Size)%align != 0 {
			t.Errorf("%s: %+v %v", what, grown, err)
		}
		syncs := d.syncs
		again, err := GrowPartition(d, newSize, 4)
		if err != nil || again != grown || d.syncs != syncs {
			t.Errorf("%s, again: %+v %v, written %d times more", what, again, err, d.syncs-syncs)
		}
		if _, err := GrowPartition(d, newSize, 1); err == nil {
			t.Errorf("%s: the first partition grows into the last", what)
		}
		if _, err := GrowPartition(d, newSize, 3); !errors.Is(err, ErrNoTable) {
			t.Errorf("%s: there is no third: %v", what, err)
		}
	}
}

// A card that is put into a larger one twice.
func TestGrowTwice(t *testing.T) {
	d := &memoryDisk{b: gptDisk(t), left: -1}
	for _, size := range []int64{newSize - 4<<20, newSize} {
		e, err := GrowPartition(d, size, 4)
		if err != nil || size-e.Start-e.Size > 2<<20 {
			t.Errorf("%d: %+v %v", size, e, err)
		}
	}
	if backup, err := readGPT(d, newSize/sector-1); err != nil || backup.backup() != gptPrimary {
		t.Errorf("the backup: %v", err)
	}
}

// Wherever the power goes, the table is the old one or the new one, and the next start makes it the new one.
func TestGrowPowerCuts(t *testing.T) {
	for what, make := range map[string]func(*testing.T) []byte{"MBR": mbrDisk, "GPT": gptDisk} {
		before := make(t)
		whole := &memoryDisk{b: bytes.Clone(before), left: -1}
		grown, err := GrowPartition(whole, newSize, 4)
		if err != nil {
			t.Fatal(err)
		}
		cuts := 0
		for left := 0; ; left++ {
			d := &memoryDisk{b: bytes.Clone(before), left: left}
			_, err := GrowPartition(d, newSize, 4)
			d.left = -1
			now, errNow := GrowPartition(d, oldSize, 4) // only reads
			if errNow != nil || now.Start != second || now != grown && now.Size > oldSize-second {
				t.Fatalf("%s, cut after %d sectors: %+v %v", what, left, now, errNow)
			}
			if again, err := GrowPartition(d, newSize, 4); err != nil || again != grown {
				t.Fatalf("%s, after the cut after %d sectors: %+v %v", what, left, again, err)
			}
			if err == nil {
				break
			}
			cuts++
		}
		if want := map[string]int{"MBR": 1, "GPT": 66}[what]; cuts != want {
			t.Errorf("%s: %d cuts, want %d", what, cuts, want)
		}
	}
}

func TestGrowRefuses(t *testing.T) {
	damaged := gptDisk(t)
	damaged[sector+60]++
	entries := gptDisk(t)
	entries[2*sector+40]++
	for what, b := range map[string][]byte{"nothing": make([]byte, newSize), "a damaged header": damaged, "a damaged array": entries} {
		d := &memoryDisk{b: b, left: -1}
		if e, err := GrowPartition(d, newSize, 4); !errors.Is(err, ErrNoTable) || d.syncs > 0 {
			t.Errorf("%s: %+v %v", what, e, err)
		}
	}
}

func FuzzGrow(f *testing.F) {
	f.Add(mbrDisk(nil)[:4*sector], int64(newSize))
	f.Add(gptDisk(&testing.T{})[:80*sector], int64(newSize))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		if len(b) > 1<<20 || size < 0 {
			return
		}
		d := &memoryDisk{b: append(b, make([]byte, 1<<20)...), left: -1}
		e, err := GrowPartition(fenced{d}, size, 4)
		if err == nil && (e.Start < 0 || e.Size < 0) {
			t.Errorf("%+v", e)
		}
	})
}

// fenced has an end, as disks do.
type fenced struct{ *memoryDisk }

func (d fenced) WriteAt(p []byte, at int64) (int, error) {
	if at < 0 || at+int64(len(p)) > int64(len(d.b)) {
		return 0, io.ErrShortWrite
	}
	return d.memoryDisk.WriteAt(p, at)
}

func (d fenced) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at+int64(len(p)) > int64(len(d.b)) {
		return 0, io.EOF
	}
	return d.memoryDisk.ReadAt(p, at)
}
