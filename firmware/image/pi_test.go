package image_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"buzon/firmware/boottest"
)

// TestPi starts kernel, initrd and device tree as they lie in the image for Raspberry Pis, with that image as its card. QEMU
// has no boot code, so how that finds them is not shown by it.
func TestPi(t *testing.T) {
	boottest.Need(t, boottest.Machine{Board: boottest.Pi3, Kernel: "any"})
	o := real(t, system(t, "rpi", "1.0", "", ""))
	o.Size = 512 << 20 // a card's size is a power of two
	card := build(t, o)
	from := func(name string) string {
		path := filepath.Join(t.TempDir(), name)
		tool(t, "mcopy", "-i", card+"@@65M", "::/"+name, path)
		return path
	}
	kernel := filepath.Join(t.TempDir(), "kernel")
	if err := os.WriteFile(kernel, []byte(tool(t, "zcat", from("vmlinuz"))), 0o600); err != nil { // a Pi's boot code unpacks it
		t.Fatal(err)
	}
	firstDay(t, boottest.Machine{Board: boottest.Pi3, Kernel: kernel, Initrd: from("initrd.gz"), DTB: from("bcm2710-rpi-3-b.dtb"),
		Disk: card, Append: "rdinit=/init panic=-1 quiet buzon.log=console buzon.watchdog=0"}, "1.0 (rpi)", 30*time.Second)
}
