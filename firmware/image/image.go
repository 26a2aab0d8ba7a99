package image

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"buzon/firmware/internal/disk"
	"buzon/firmware/internal/fat"
	"buzon/internal/update"
)

// Sizes of partitions, in octets. The first begins where every tool would put it; all are multiples of what flash erases at
// once.
const (
	firstAt  = 1 << 20
	bootSize = 64 << 20
	slotSize = 128 << 20
	behind   = 1 << 20 // after the last, for the backup of a GPT
)

// Labels of the file systems, which a computer shows.
const (
	bootLabel = "BUZON"
	slotLabel = "BUZON-SYS"
)

// Options of an image or an update.
type Options struct {
	Board   Board
	Version string     // of Buzon
	Data    int        // number of the form of its data
	Key     update.Key // that updates must be signed with; zero: there will be none
	Init    string     // file: the first process
	Buzon   string     // file
	Kernel  string     // folder of the kernel's module
	Pi      string     // folder of the module with a Raspberry Pi's boot code, for a Raspberry Pi
	Loader  string     // file: GRUB, for the others
	Restore string     // file of a Buzon, to be there at the first start; "" is none
	Size    int64      // octets that the image has at least
	Append  string     // more words for the kernel's command line
	Notices []Notice   // licences of what is in the image
}

// Notice is a text that has to go with the image.
type Notice struct {
	Name string // of the file
	Text []byte
}

// Build writes the image into an empty file. Most of it is never written: a file system that can keeps it small.
func Build(ctx context.Context, to *os.File, o Options) error {
	data, err := dataPartition(ctx, o.Restore)
	if err != nil {
		return err
	}
	defer data.Close()
	parts := o.parts(data.size)
	last := parts[len(parts)-1]
	size := max(last.start+last.size+behind, o.Size)
	if err := to.Truncate(size); err != nil {
		return err
	}
	if err := o.writeTable(to, parts, size); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	boot, err := o.bootFiles()
	if err != nil {
		return err
	}
	if _, err := o.writeFAT(to, parts[disk.BootNumber-1], bootLabel, boot); err != nil {
		return err
	}
	if _, err := o.writeSlot(ctx, io.NewOffsetWriter(to, parts[disk.SlotANumber-1].start)); err != nil {
		return err
	}
	if err := data.writeTo(io.NewOffsetWriter(to, parts[disk.DataNumber-1].start)); err != nil {
		return fmt.Errorf("image: data: %w", err)
	}
	return nil
}

// name is what the identities of the disk and its partitions are made of.
func (o Options) name() string { return "buzon " + o.Board.Name }

// parts are the partitions, in their order.
func (o Options) parts(data int64) []part {
	parts := []part{
		{name: "buzon-boot", kind: mbrFAT, guid: kindESP, size: bootSize},
		{name: "buzon-a", kind: mbrFAT, guid: kindBasic, size: slotSize},
		{name: "buzon-b", kind: mbrFAT, guid: kindBasic, size: slotSize},
		{name: disk.DataLabel, kind: mbrLinux, guid: kindLinux, size: data},
	}
	at := int64(firstAt)
	for i := range parts {
		parts[i].start = at
		at += parts[i].size
	}
	return parts
}

// writeTable writes the table of partitions. A Raspberry Pi 3 knows none but the MBR.
func (o Options) writeTable(w io.WriterAt, parts []part, size int64) error {
	if o.Board.IsPi() {
		return writeMBR(w, o.name(), parts)
	}
	return writeGPT(w, o.name(), parts, size)
}

func (o Options) writeFAT(w io.WriterAt, p part, label string, files []fat.File) (used int64, err error) {
	v := fat.Volume{Label: label, Serial: binary.LittleEndian.Uint32(digest(o.name() + label)), Size: p.size, Hidden: p.start}
	used, err = fat.Write(io.NewOffsetWriter(w, p.start), v, files)
	if err != nil {
		return 0, fmt.Errorf("image: %s: %w", p.name, err)
	}
	return used, nil
}

func digest(of string) []byte {
	sum := sha256.Sum256([]byte(of))
	return sum[:]
}
