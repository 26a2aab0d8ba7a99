package image_test

import (
	"path/filepath"
	"testing"
	"time"

	"buzon/firmware/boottest"
)

// TestEFI starts the image for arm64 as each kind of firmware finds it on a disk out of the box.
func TestEFI(t *testing.T) {
	firmwares := []boottest.Firmware{boottest.EDK2, boottest.UBoot}
	for _, by := range firmwares {
		boottest.Need(t, boottest.Machine{Board: boottest.Virt, Firmware: by})
	}
	made := build(t, real(t, system(t, "arm64-efi", "1.0", "", "")))
	for _, by := range firmwares {
		t.Run(string(by), func(t *testing.T) {
			disk := filepath.Join(t.TempDir(), "disk")
			tool(t, "cp", "--sparse=always", made, disk)
			firstDay(t, boottest.Machine{Board: boottest.Virt, Firmware: by, Disk: disk}, "1.0 (arm64-efi)", 30*time.Second)
		})
	}
}
