// Package disk finds the partitions of the card, mounts the one with the mail, and lets it have all of the card.
//
// The data partition is an ext4 file system with a label of ours, and the last partition of its disk; the first one of that
// disk is the FAT with the owner's folder. There is no mkfs and no fsck on the board: the image brings an empty file system,
// ext4's journal is replayed by the kernel at each mount, and what a journal cannot mend needs another computer.
//
// Invariants: a power cut at any moment leaves a partition table that is valid, old or new, and a file system that the next
// mount makes whole; growing is begun again until it is done. Nothing is ever shrunk or moved. Partition tables are the MBR
// and GPT (UEFI specification, chapter 5).
package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Layout of a card: image makes it, init reads it.
const (
	DataLabel = "buzon-data" // of the ext4 file system

	BootNumber  = 1 // the FAT with the owner's folder
	SlotANumber = 2
	SlotBNumber = 3
	DataNumber  = 4
)

// ErrNone says that no disk has a data partition.
var ErrNone = errors.New("no disk has a partition for the mail")

// Part is a partition, or a whole disk without any.
type Part struct {
	Name   string // "mmcblk0p4"
	Disk   string // "mmcblk0"; the same as Name for a whole disk
	Number int    // 0 for a whole disk
	Start  int64  // octets
	Size   int64  // octets
}

// Tree is where the kernel shows its disks. The zero value is that of this machine; tests have one of files.
type Tree struct {
	Sys string // "" is /sys/class/block
	Dev string // "" is /dev
}

func (t Tree) sys(parts ...string) string {
	root := t.Sys
	if root == "" {
		root = "/sys/class/block"
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

// Path is the device's file.
func (t Tree) Path(name string) string {
	if t.Dev == "" {
		return "/dev/" + name
	}
	return filepath.Join(t.Dev, name)
}

// Parts are all of them, in the order of their names.
func (t Tree) Parts() ([]Part, error) {
	entries, err := os.ReadDir(t.sys())
	if err != nil {
		return nil, fmt.Errorf("look for disks: %w", err)
	}
	var parts []Part
	for _, e := range entries {
		if p, ok := t.part(e.Name()); ok {
			parts = append(parts, p)
		}
	}
	return parts, nil
}

const sector = 512 // octets: the unit of sysfs, whatever the disk's own

// part reads what sysfs tells. Disks of nothing, as an empty card reader is, are not there.
func (t Tree) part(name string) (Part, bool) {
	p := Part{Name: name, Disk: name, Size: t.number(name, "size") * sector, Start: t.number(name, "start") * sector}
	p.Number = int(t.number(name, "partition"))
	if p.Number > 0 {
		// A link to …/block/mmcblk0/mmcblk0p4: the folder above is the disk.
		target, err := os.Readlink(t.sys(name))
		if err != nil {
			return Part{}, false
		}
		p.Disk = filepath.Base(filepath.Dir(target))
	}
	return p, p.Size > 0
}

// number is 0 where there is none.
func (t Tree) number(name, file string) int64 {
	b, err := os.ReadFile(t.sys(name, file))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// FindData is the data partition. Of several disks that have one, wanted (a name of a disk) decides, else the first by name.
func (t Tree) FindData(wanted string) (Part, Super, error) {
	parts, err := t.Parts()
	if err != nil {
		return Part{}, Super{}, err
	}
	slices.SortStableFunc(parts, func(a, b Part) int { return rank(a, wanted) - rank(b, wanted) })
	for _, p := range parts {
		if s, err := t.super(p); err == nil && s.Label == DataLabel {
			return p, s, nil
		}
	}
	return Part{}, Super{}, ErrNone
}

func rank(p Part, wanted string) int {
	if wanted != "" && p.Disk == wanted {
		return 0
	}
	return 1
}

func (t Tree) super(p Part) (Super, error) {
	f, err := os.Open(t.Path(p.Name))
	if err != nil {
		return Super{}, err
	}
	defer f.Close()
	return ReadSuper(f)
}

// Sibling is another partition of the same disk.
func (t Tree) Sibling(p Part, number int) (Part, error) {
	parts, err := t.Parts()
	if err != nil {
		return Part{}, err
	}
	for _, other := range parts {
		if other.Disk == p.Disk && other.Number == number {
			return other, nil
		}
	}
	return Part{}, fmt.Errorf("%s has no partition %d", p.Disk, number)
}
