package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// Super is what we need of an ext4 superblock (struct ext4_super_block of the kernel's documentation).
type Super struct {
	Label   string
	Size    int64     // octets
	Written time.Time // when it was last written: a time that has certainly been
	Damaged bool      // the kernel found errors; another computer has to repair them
	Replay  bool      // it was not unmounted: the journal will be replayed
}

// ErrNotExt4 says that something else is there.
var ErrNotExt4 = errors.New("not an ext4 file system")

const (
	superAt    = 1024 // octets from the begin
	superSize  = 1024
	superMagic = 0xEF53

	stateErrors     = 0x2
	incompatRecover = 0x4
	incompat64      = 0x80
)

// ReadSuper reads it from the begin of a partition.
func ReadSuper(r io.ReaderAt) (Super, error) {
	b := make([]byte, superSize)
	if _, err := r.ReadAt(b, superAt); err != nil {
		return Super{}, err
	}
	return parseSuper(b)
}

func parseSuper(b []byte) (Super, error) {
	le := binary.LittleEndian
	if len(b) < superSize || le.Uint16(b[0x38:]) != superMagic {
		return Super{}, ErrNotExt4
	}
	incompat := le.Uint32(b[0x60:])
	blocks, shift := uint64(le.Uint32(b[4:])), le.Uint32(b[0x18:])
	if incompat&incompat64 != 0 {
		blocks |= uint64(le.Uint32(b[0x150:])) << 32
	}
	if shift > 6 || blocks > 1<<40 { // blocks of 64 KiB are the largest
		return Super{}, ErrNotExt4
	}
	label, _, _ := bytes.Cut(b[0x78:0x88], []byte{0})
	seconds := int64(le.Uint32(b[0x30:])) | int64(b[0x274])<<32 // s_wtime, s_wtime_hi
	return Super{
		Label:   string(label),
		Size:    int64(blocks) << (10 + shift),
		Written: time.Unix(seconds, 0),
		Damaged: le.Uint16(b[0x3A:])&stateErrors != 0,
		Replay:  incompat&incompatRecover != 0,
	}, nil
}
