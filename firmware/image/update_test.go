package image_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"buzon/firmware/boottest"
	"buzon/firmware/image"
	"buzon/firmware/nbdtest"
)

// TestUpdates is the life of a box that gets a good update and two broken ones, with the power cut in the middle of each, on
// a disk that forgets what was not flushed, started by UEFI and by U-Boot in turns.
func TestUpdates(t *testing.T) {
	for _, by := range []boottest.Firmware{boottest.EDK2, boottest.UBoot} {
		boottest.Need(t, boottest.Machine{Board: boottest.Virt, Firmware: by})
	}
	_, secret := keys(t)
	arm, err := image.FindBoard("arm64-efi")
	if err != nil {
		t.Fatal(err)
	}
	first := program(t, arm, "../init", "")
	make := func(version, first, flags string) image.Options {
		return system(t, "arm64-efi", version, first, program(t, arm, "testdata/talker", "-X main.release="+version+" "+flags))
	}
	updateOf := func(o image.Options) []byte {
		var file bytes.Buffer
		if err := image.BuildUpdate(t.Context(), &file, o, secret); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	good := updateOf(make("1.1", first, ""))
	deaf := updateOf(make("1.2", first, "-X main.deaf=yes"))
	panics := updateOf(make("1.3", program(t, arm, "testdata/panic", ""), ""))
	disk := nbdtest.Serve(t, build(t, make("1.0", first, "")), 7)
	cut := func(b box) {
		b.Kill()
		t.Logf("power cut after %v, %d sectors lost", b.Up(), disk.Cut())
	}
	// half is between two flushes, after 20 MB or more.
	half := func(line string) bool {
		return strings.HasPrefix(line, "writing 2") && len(line) > len("writing 20000000 ") && disk.Await(1000, time.Minute)
	}

	b := start(t, disk.URL(), boottest.EDK2)
	b.status(`1.0 a false "" -`)
	b.update(good, half)
	cut(b) // while it is written

	b = start(t, disk.URL(), boottest.UBoot)
	b.status(`1.0 a false "" -`)
	b.whole(good)

	b = start(t, disk.URL(), boottest.UBoot)
	b.Await("Buzon 1.1", time.Minute)
	cut(b) // while it is tried

	b = start(t, disk.URL(), boottest.UBoot)
	b.status(`1.0 a false "1.1" 1.1 back`)
	b.whole(good)

	b = start(t, disk.URL(), boottest.EDK2)
	b.status(`1.1 b false "1.0" 1.1 confirmed`)
	cut(b) // right after it was confirmed

	b = start(t, disk.URL(), boottest.UBoot)
	b.status(`1.1 b false "1.0" 1.1 confirmed`)
	b.whole(deaf)

	b = start(t, disk.URL(), boottest.UBoot)
	b.Await("Buzon 1.2", time.Minute)
	b.Ended(90 * time.Second) // gives up by itself

	b = start(t, disk.URL(), boottest.UBoot)
	b.status(`1.1 b false "1.2" 1.2 back: port 80`)
	b.whole(panics)

	b = start(t, disk.URL(), boottest.UBoot)
	b.Await("Kernel panic", time.Minute)
	b.Ended(time.Minute) // starts again by itself

	b = start(t, disk.URL(), boottest.UBoot)
	b.status(`1.1 b false "1.3" 1.3 back`)
	b.update(deaf, half)
	cut(b)

	b = start(t, disk.URL(), boottest.EDK2)
	b.status(`1.1 b false "" `)
}
