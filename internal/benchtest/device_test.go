package benchtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// BenchmarkDevice is what reaches the device for each message from ten connections: journal, log, checkpoints, the search
// index that is made afterwards (not in the filled file, which has none), and what is written when the appliance stops and
// the file system is unmounted. Cards wear by it.
func BenchmarkDevice(b *testing.B) {
	b.Run("file=fresh", func(b *testing.B) { measureDevice(b, freshFile) })
	b.Run("file=filled", func(b *testing.B) { measureDevice(b, copyFilled) })
}

func measureDevice(b *testing.B, file func(*testing.B, string) string) {
	n, written := 0, int64(0)
	for b.Loop() {
		d := newDevice(b)
		a := start(b, file(b, d.folder))
		s := openSenders(b, a, 10)
		s.deliver(b, messages(0, 100, ana, messageSize))
		round := messages(n, size(5000, 200), ana, messageSize)
		before := d.written(b)
		s.deliver(b, round)
		a.settle()
		if err := a.stop(); err != nil {
			b.Fatal(err)
		}
		d.unmount(b)
		written += d.written(b) - before
		d.detach(b)
		n += len(round)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(written)/1000/float64(n), "KB/msg")
}

// copyFilled puts a copy of the filled file into the folder.
func copyFilled(b *testing.B, folder string) string {
	b.Helper()
	to := filepath.Join(folder, "copy.db")
	if err := copyFile(filledFile(b), to); err != nil {
		b.Fatal(err)
	}
	return to
}

// device is a loop device with an ext4 of its own, so that nothing else writes there.
type device struct {
	path   string // "/dev/loop0"
	folder string // where it is mounted
}

// newDevice makes one, or skips the benchmark where that is not allowed. It is gone when the benchmark is.
func newDevice(b *testing.B) *device {
	b.Helper()
	if os.Getuid() != 0 {
		b.Skip("a file system of its own needs root")
	}
	image := filepath.Join(b.TempDir(), "image")
	d := &device{folder: b.TempDir()}
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.Truncate(image, 4<<30); err != nil { // sparse
		b.Skipf("no room for an image: %v", err)
	}
	// Nothing may be left for the kernel to write later.
	tool(b, "mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
	d.path = tool(b, "losetup", "--find", "--show", "--direct-io=on", image)
	b.Cleanup(func() { d.detach(b) })
	tool(b, "mount", d.path, d.folder)
	b.Cleanup(func() { d.unmount(b) })
	return d
}

// tool runs a program of the system and gives its output; where it cannot, the benchmark is skipped.
func tool(b *testing.B, name string, args ...string) string {
	b.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		b.Skipf("no loop device with ext4 here: %s: %v: %s", name, err, out)
	}
	return strings.TrimSpace(string(out))
}

// written is how many octets the device was given so far, all that waits included.
func (d *device) written(b *testing.B) int64 {
	b.Helper()
	syscall.Sync()
	stat, err := os.ReadFile("/sys/block/" + filepath.Base(d.path) + "/stat")
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat))
	if len(fields) < 7 {
		b.Fatalf("%s: %q", d.path, stat)
	}
	sectors, err := strconv.ParseInt(fields[6], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return sectors * 512
}

func (d *device) unmount(b *testing.B) {
	if d.folder == "" {
		return
	}
	if err := release("umount", d.folder); err != nil {
		b.Error(err)
	}
	d.folder = ""
}

func (d *device) detach(b *testing.B) {
	if d.path == "" {
		return
	}
	if err := release("losetup", "--detach", d.path); err != nil {
		b.Error(err)
	}
	d.path = ""
}

func release(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
