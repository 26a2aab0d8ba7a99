package image_test

import (
	"bytes"
	"os"
	"path/filepath"
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
	make := func(version, first, form, flags string) image.Options {
		o := system(t, "arm64-efi", version, first,
			program(t, arm, "testdata/talker", "-X main.release="+version+" -X main.form="+form+" "+flags))
		o.Data = int(form[0] - '0')
		return o
	}
	updateOf := func(o image.Options) []byte {
		var file bytes.Buffer
		if err := image.BuildUpdate(t.Context(), &file, o, secret); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	good := updateOf(make("1.1", first, "2", ""))
	deaf := updateOf(make("1.2", first, "2", "-X main.deaf=yes"))
	panics := updateOf(make("1.3", program(t, arm, "testdata/panic", ""), "2", ""))
	old := make("1.0", first, "1", "")
	old.Restore = filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(old.Restore, dataOf(1), 0o600); err != nil {
		t.Fatal(err)
	}
	card := build(t, old)
	disk := nbdtest.Serve(t, card, 7)
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

	b = start(t, disk.URL(), boottest.UBoot)
	b.status(`1.1 b false "" `)
	if answer, err := b.request(t.Context(), "POST", "/do?what=poweroff", nil); err == nil { // else it was off before it had answered
		answer.Body.Close()
	}
	b.Ended(time.Minute)
	if err := disk.Flush(); err != nil {
		t.Fatal(err)
	}
	checkKept(t, card)
}

// dataOf is a file of a form, as the program in Buzon's place has it.
func dataOf(form byte) []byte {
	b := make([]byte, 100_000)
	copy(b, "SQLite format 3\x00")
	b[63] = form
	return b
}

// checkKept looks at the data when all is over: in the new form, with the file from before beside it, and no rehearsal.
func checkKept(t *testing.T, card string) {
	t.Helper()
	data := cut(t, card, 4)
	tool(t, "e2fsck", "-fp", data)
	for name, form := range map[string]byte{"buzon.db": 2, "buzon-before-1.1.db": 1} {
		out := filepath.Join(t.TempDir(), name)
		tool(t, "debugfs", "-R", "dump "+name+" "+out, data)
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, dataOf(form)) {
			t.Errorf("%s: %d octets, %v", name, len(got), err)
		}
	}
	if list := tool(t, "debugfs", "-R", "ls -p /", data); strings.Contains(list, "/rehearsal/") || !strings.Contains(list, "/buzon.db/") {
		t.Error(list)
	}
}
