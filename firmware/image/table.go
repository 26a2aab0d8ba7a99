package image

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"unicode/utf16"
)

// part is a partition of the image.
type part struct {
	name  string // in a GPT
	kind  byte   // in an MBR
	guid  guid   // its kind in a GPT
	start int64  // octets
	size  int64  // octets
}

// guid has its first three numbers the other way round than in print (RFC 9562's text; UEFI 2.10 appendix A).
type guid [16]byte

// What is in a partition.
var (
	kindESP   = guid{0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B} // EFI system partition
	kindBasic = guid{0xA2, 0xA0, 0xD0, 0xEB, 0xE5, 0xB9, 0x33, 0x44, 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7} // data that Windows shows
	kindLinux = guid{0xAF, 0x3D, 0xC6, 0x0F, 0x83, 0x84, 0x72, 0x47, 0x8E, 0x79, 0x3D, 0x69, 0xD8, 0x47, 0x7D, 0xE4} // a file system of Linux
)

// The same in an MBR.
const (
	mbrFAT   = 0x0C // FAT32 by LBA
	mbrLinux = 0x83
	mbrGPT   = 0xEE // all of the disk belongs to a GPT
)

// identity is what disks and partitions are told apart by: made of what they are, so that the same image has the same.
func identity(of string) guid {
	sum := digest(of)
	var g guid
	copy(g[:], sum)
	g[7], g[8] = g[7]&0x0F|0x80, g[8]&0x3F|0x80 // RFC 9562 §5.8: a version 8, made in a way of one's own
	return g
}

const (
	sector    = 512
	signed    = 510 // where the mark of a boot sector is
	diskID    = 440 // of an MBR
	entries   = 446 // of an MBR
	gptRows   = 128
	gptRow    = 128 // octets
	gptHeader = 92  // octets
	firstLBA  = 2048
)

// writeMBR is for the boards whose boot code knows nothing else.
func writeMBR(w io.WriterAt, name string, parts []part) error {
	b := make([]byte, sector)
	copy(b[diskID:], digest(name)[:4])
	for i, p := range parts {
		mbrEntry(b[entries+16*i:], p.kind, p.start/sector, p.size/sector)
	}
	b[signed], b[signed+1] = 0x55, 0xAA
	_, err := w.WriteAt(b, 0)
	return err
}

// mbrEntry tells of a partition by sectors; the cylinders, which nobody has, are those that say so.
func mbrEntry(b []byte, kind byte, start, count int64) {
	copy(b[1:], "\xFE\xFF\xFF")
	b[4] = kind
	copy(b[5:], "\xFE\xFF\xFF")
	binary.LittleEndian.PutUint32(b[8:], uint32(start))
	binary.LittleEndian.PutUint32(b[12:], uint32(min(count, 1<<32-1)))
}

// writeGPT is UEFI 2.10 §5.3: an MBR that keeps others off, the table, and its backup in the last sectors.
func writeGPT(w io.WriterAt, name string, parts []part, size int64) error {
	protective := make([]byte, sector)
	last := size/sector - 1
	mbrEntry(protective[entries:], mbrGPT, 1, last)
	protective[signed], protective[signed+1] = 0x55, 0xAA
	rows := gptArray(name, parts)
	arrayEnd := last - gptRows*gptRow/sector
	for _, write := range []struct {
		octets []byte
		at     int64
	}{
		{protective, 0},
		{gptHead(name, rows, 1, last, 2, last), 1},
		{rows, 2},
		{rows, arrayEnd},
		{gptHead(name, rows, last, 1, arrayEnd, last), last},
	} {
		if _, err := w.WriteAt(write.octets, write.at*sector); err != nil {
			return err
		}
	}
	return nil
}

func gptArray(name string, parts []part) []byte {
	rows := make([]byte, gptRows*gptRow)
	for i, p := range parts {
		row := rows[i*gptRow:]
		own := identity(name + "/" + p.name)
		copy(row, p.guid[:])
		copy(row[16:], own[:])
		binary.LittleEndian.PutUint64(row[32:], uint64(p.start/sector))
		binary.LittleEndian.PutUint64(row[40:], uint64((p.start+p.size)/sector-1))
		for j, u := range utf16.Encode([]rune(p.name)) {
			binary.LittleEndian.PutUint16(row[56+2*j:], u)
		}
	}
	return rows
}

// gptHead is the header in sector self, whose other copy is in sector other.
func gptHead(name string, rows []byte, self, other, array, last int64) []byte {
	own := identity(name)
	var b bytes.Buffer
	b.WriteString("EFI PART")
	for _, v := range []any{
		uint32(0x00010000), uint32(gptHeader), uint32(0), uint32(0),
		self, other, int64(firstLBA), last - gptRows*gptRow/sector - 1,
		own, array, uint32(gptRows), uint32(gptRow), crc32.ChecksumIEEE(rows),
	} {
		binary.Write(&b, binary.LittleEndian, v) // a Buffer takes everything
	}
	head := b.Bytes()
	binary.LittleEndian.PutUint32(head[16:], crc32.ChecksumIEEE(head))
	return head
}
