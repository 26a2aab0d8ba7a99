package image_test

import (
	"testing"
	"time"

	"buzon/firmware/boottest"
)

// TestPC starts the image for PCs as its UEFI finds it.
func TestPC(t *testing.T) {
	boottest.Need(t, boottest.Machine{Board: boottest.PC, Firmware: boottest.EDK2})
	o := system(t, "amd64-efi", "1.0", "", "")
	o.Init = program(t, o.Board, "../init", "")
	o.Buzon = program(t, o.Board, "testdata/talker", "-X main.release=1.0")
	b := box{t, boottest.Start(t, boottest.Machine{Board: boottest.PC, Firmware: boottest.EDK2, Disk: build(t, o), Ports: []int{80}})}
	b.status(`1.0 a false "" -`)
	t.Logf("answers after %v", b.Up().Round(time.Second))
	b.PowerButton()
	b.Ended(time.Minute)
}
