package nbdtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"buzon/firmware/boottest"
)

// qemuIO lets QEMU's own client work on the disk.
func qemuIO(t *testing.T, d *Disk, commands ...string) string {
	t.Helper()
	if _, err := exec.LookPath("qemu-io"); err != nil {
		boottest.Miss(t, "qemu-io is missing; it is in the Debian package qemu-utils")
	}
	args := []string{"-f", "raw", "-t", "none"}
	for _, c := range commands {
		args = append(args, "-c", c)
	}
	out, err := exec.Command("qemu-io", append(args, d.URL())...).CombinedOutput()
	if err != nil {
		t.Fatalf("qemu-io %q: %v\n%s", commands, err, out)
	}
	return string(out)
}

func TestDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "medium")
	if err := os.WriteFile(path, bytes.Repeat([]byte{1}, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	d := Serve(t, path, 1)
	// What was written is read at once; after a flush it is on the medium.
	out := qemuIO(t, d, "write -P 2 0 64k", "read -P 2 0 64k", "read -P 1 64k 64k", "flush")
	if strings.Contains(out, "failed") || strings.Contains(out, "error") {
		t.Error(out)
	}
	medium := func() []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if b := medium(); bytes.Count(b[:64<<10], []byte{2}) != 64<<10 || bytes.IndexByte(b[64<<10:], 2) >= 0 {
		t.Error("the flush has not put it there, or too much")
	}
	if lost := d.Cut(); lost != 0 {
		t.Errorf("a cut after a flush lost %d sectors", lost)
	}
	// Without a flush about half of it is gone, sector by sector.
	d.write(bytes.Repeat([]byte{3}, 64<<10), 128<<10)
	if lost := d.Cut(); lost < 32 || lost > 96 {
		t.Errorf("lost %d of 128 sectors", lost)
	}
	b := medium()[128<<10:][:64<<10]
	for at := 0; at < len(b); at += sector {
		if n := bytes.Count(b[at:][:sector], []byte{3}); n != 0 && n != sector {
			t.Errorf("a torn sector at %d", at)
		}
	}
	if bytes.Count(b, []byte{3}) == 0 || bytes.Count(b, []byte{1}) == 0 {
		t.Error("all or nothing was lost")
	}
	if got := qemuIO(t, d, "write -f -P 4 0 512"); strings.Contains(got, "error") {
		t.Error(got)
	}
	d.Cut()
	if medium()[0] != 4 {
		t.Error("FUA was not heeded")
	}
}
