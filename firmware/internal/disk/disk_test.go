package disk

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// tree is a machine of files: disks with the sizes of their partitions, in the kernel's units of 512 octets.
func tree(t *testing.T, disks map[string][]int64) Tree {
	t.Helper()
	root := t.TempDir()
	tr := Tree{Sys: filepath.Join(root, "class/block"), Dev: filepath.Join(root, "dev")}
	for _, folder := range []string{tr.Sys, tr.Dev} {
		must(t, os.MkdirAll(folder, 0o755))
	}
	for name, parts := range disks {
		device(t, tr, root, name, name, 0, 1<<20)
		for i, size := range parts {
			if size > 0 {
				device(t, tr, root, name, name+strconv.Itoa(i+1), i+1, size)
			}
		}
	}
	return tr
}

func device(t *testing.T, tr Tree, root, disk, name string, number int, size int64) {
	t.Helper()
	folder := filepath.Join(root, "devices/block", disk)
	if number > 0 {
		folder = filepath.Join(folder, name)
	}
	must(t, os.MkdirAll(folder, 0o755))
	files := map[string]int64{"size": size}
	if number > 0 {
		files["partition"], files["start"] = int64(number), 2048
	}
	for file, n := range files {
		must(t, os.WriteFile(filepath.Join(folder, file), []byte(strconv.FormatInt(n, 10)+"\n"), 0o644))
	}
	must(t, os.Symlink(folder, filepath.Join(tr.Sys, name)))
	must(t, os.WriteFile(filepath.Join(tr.Dev, name), make([]byte, 4096), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// superblock is one of so many blocks of 1 KiB.
func superblock(label string, blocks uint32) []byte {
	b := make([]byte, superSize)
	binary.LittleEndian.PutUint16(b[0x38:], superMagic)
	binary.LittleEndian.PutUint32(b[4:], blocks)
	binary.LittleEndian.PutUint32(b[0x30:], 1_800_000_000)
	copy(b[0x78:], label)
	return b
}

func (t Tree) label(tt *testing.T, name, label string) {
	tt.Helper()
	f, err := os.OpenFile(t.Path(name), os.O_WRONLY, 0)
	must(tt, err)
	_, err = f.WriteAt(superblock(label, 64), superAt)
	must(tt, errors.Join(err, f.Close()))
}

func TestFindData(t *testing.T) {
	tr := tree(t, map[string][]int64{"sda": {100, 0, 0, 500}, "vda": {100, 100, 100, 500}, "zram0": nil, "sr": nil})
	if _, _, err := tr.FindData(""); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	tr.label(t, "sda4", "somebody's")
	tr.label(t, "vda4", DataLabel)
	p, s, err := tr.FindData("")
	if err != nil || p.Name != "vda4" || p.Disk != "vda" || p.Number != 4 || p.Start != 1<<20 || p.Size != 500*512 || s.Size != 64<<10 || s.Written.Unix() != 1_800_000_000 {
		t.Errorf("%+v %+v %v", p, s, err)
	}
	if boot, err := tr.Sibling(p, BootNumber); err != nil || boot.Name != "vda1" {
		t.Errorf("%+v %v", boot, err)
	}
	if other, err := tr.Sibling(p, 7); err == nil {
		t.Errorf("%+v", other)
	}
	// Of two, the one that is wanted.
	tr.label(t, "sda4", DataLabel)
	for wanted, name := range map[string]string{"": "sda4", "vda": "vda4", "nowhere": "sda4"} {
		if p, _, err := tr.FindData(wanted); err != nil || p.Name != name {
			t.Errorf("%q: %+v %v", wanted, p, err)
		}
	}
	// A disk without partitions.
	tr.label(t, "zram0", DataLabel)
	if p, _, err := tr.FindData("zram0"); err != nil || p.Name != "zram0" || p.Number != 0 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestParseSuper(t *testing.T) {
	b := superblock("a label of sixteen", 1<<31)
	b[0x60], b[0x150], b[0x18] = incompat64|incompatRecover, 1, 2
	b[0x3A] = stateErrors
	s, err := parseSuper(b)
	if err != nil || s.Label != "a label of sixte" || s.Size != (1<<32+1<<31)*4096 || !s.Damaged || !s.Replay {
		t.Errorf("%+v %v", s, err)
	}
	b[0x18] = 60
	for _, b := range [][]byte{nil, make([]byte, superSize), b, b[:100]} {
		if s, err := parseSuper(b); !errors.Is(err, ErrNotExt4) {
			t.Errorf("%+v %v", s, err)
		}
	}
}

func FuzzParseSuper(f *testing.F) {
	f.Add(superblock(DataLabel, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseSuper(b); err == nil && (s.Size < 0 || len(s.Label) > 16) {
			t.Errorf("%+v", s)
		}
	})
}
