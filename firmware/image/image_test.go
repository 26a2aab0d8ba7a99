package image_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"buzon/firmware/boottest"
	"buzon/firmware/image"
	"buzon/internal/update"
)

// keys are a pair for tests.
func keys(t testing.TB) (update.Key, minisign.PrivateKey) {
	t.Helper()
	public, secret, err := minisign.GenerateKey(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	key, err := update.ParseKey(public.String())
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

// parts are small files in the place of kernels, boot code and programs, in a folder of their own each time.
func parts(t testing.TB, name string) image.Options {
	t.Helper()
	board, err := image.FindBoard(name)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file := func(path string, size int) string {
		path = filepath.Join(folder, path)
		b := make([]byte, size)
		r := rand.New(rand.NewPCG(uint64(size), 0))
		for i := range b {
			b[i] = byte(r.Uint32() >> 3)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, _ := keys(t)
	o := image.Options{Board: board, Version: "1.0", Data: 3, Key: key, Init: file("init", 100_000), Buzon: file("buzon", 300_001),
		Kernel: filepath.Join(folder, "kernel"), Pi: filepath.Join(folder, "pi"), Loader: file("loader.efi", 70_000)}
	file("kernel/vmlinuz", 1_000_000)
	file("kernel/LICENSE.linux", 18_000)
	file("kernel/_build/upstream-url.txt", 50)
	for _, f := range []string{"bcm2710-rpi-3-b.dtb", "bcm2710-rpi-3-b-plus.dtb", "bcm2710-rpi-zero-2-w.dtb", "bcm2710-rpi-cm3.dtb", "bcm2711-rpi-4-b.dtb",
		"bcm2712-rpi-5-b.dtb", "overlays/overlay_map.dtb", "overlays/disable-bt.dtbo", "overlays/bcm2712d0.dtbo", "overlays/vc4-kms-v3d.dtbo"} {
		file("kernel/"+f, 30_000+len(f))
	}
	for _, f := range []string{"bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat", "LICENSE.broadcom"} {
		file("pi/"+f, 5_000+len(f))
	}
	if o.Notices, err = image.SystemNotices(o, "2.06-1"); err != nil {
		t.Fatal(err)
	}
	return o
}

// build makes an image and tells where.
func build(t testing.TB, o image.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := image.Build(t.Context(), f, o); err != nil {
		t.Fatal(err)
	}
	return path
}

func sum(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func boards() []string { return []string{"rpi", "arm64-efi", "amd64-efi"} }

// The same parts give the same octets: of an image, with and without a Buzon's file, and of an update.
func TestSameOctets(t *testing.T) {
	t.Parallel()
	_, secret := keys(t)
	restore := filepath.Join(t.TempDir(), "with a blank.db")
	if err := os.WriteFile(restore, append([]byte("SQLite format 3\x00"), make([]byte, 100_000)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, board := range boards() {
		var images, updates [2]string
		for i := range images {
			o := parts(t, board)
			if _, err := exec.LookPath("debugfs"); err == nil && board == "rpi" {
				o.Restore = restore
			}
			images[i] = sum(t, build(t, o))
			var file bytes.Buffer
			if err := image.BuildUpdate(t.Context(), &file, o, secret); err != nil {
				t.Fatal(err)
			}
			updates[i] = fmt.Sprintf("%x", sha256.Sum256(file.Bytes()))
		}
		if images[0] != images[1] || updates[0] != updates[1] {
			t.Errorf("%s: images %v, updates %v", board, images, updates)
		}
	}
}

// tool runs a program of Debian's.
func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			boottest.Miss(t, err.Error())
		}
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// Where the partitions are, in MiB: a change breaks the cards there are.
var places = []struct{ start, size int64 }{{1, 64}, {65, 128}, {193, 128}, {321, 64}}

// cut is a partition as a file.
func cut(t testing.TB, path string, number int) string {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), fmt.Sprint("partition", number)))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := places[number-1]
	if number == 4 { // as large as what is in it wants
		info, err := in.Stat()
		if err != nil {
			t.Fatal(err)
		}
		p.size = info.Size()>>20 - p.start - 1
	}
	if _, err := io.Copy(out, io.NewSectionReader(in, p.start<<20, p.size<<20)); err != nil {
		t.Fatal(err)
	}
	return out.Name()
}

// What others make of the file systems: they find nothing wrong, and the files that were put in.
func TestFileSystems(t *testing.T) {
	t.Parallel()
	for _, board := range boards() {
		o := parts(t, board)
		path := build(t, o)
		for number := 1; number <= 2; number++ {
			tool(t, "fsck.fat", "-n", cut(t, path, number))
		}
		tool(t, "e2fsck", "-fn", cut(t, path, 4))
		names := strings.ToLower(tool(t, "mdir", "-b", "-/", "-i", fmt.Sprintf("%s@@1M", path), "::") + tool(t, "mdir", "-b", "-/", "-i", fmt.Sprintf("%s@@65M", path), "::"))
		want := map[string][]string{
			"rpi": {"autoboot.txt", "bootcode.bin", "config.txt", "cmdline.txt", "start4.elf", "bcm2712-rpi-5-b.dtb", "overlays/overlay_map.dtb",
				"licences/broadcom.txt"},
			"arm64-efi": {"efi/boot/bootaa64.efi", "boot/grub/grub.cfg", "boot/grub/grubenv", "slot.cfg", "licences/gpl-3.txt"},
			"amd64-efi": {"efi/boot/bootx64.efi", "boot/grub/grub.cfg", "boot/grub/grubenv", "slot.cfg", "licences/gpl-3.txt"},
		}[board]
		for _, name := range append(want, "vmlinuz", "initrd.gz", "buzon.txt", "buzon/readme.txt", "buzon/leeme.txt", "buzon/settings.txt.example",
			"licences/linux.txt", "licences/source.txt") {
			if !strings.Contains(names, "::/"+name+"\n") {
				t.Errorf("%s: no %s in\n%s", board, name, names)
			}
		}
		// The boot code of the Raspberry Pi may be in no other image.
		if strings.Contains(names, "broadcom") != (board == "rpi") || strings.Contains(names, "start4.elf") != (board == "rpi") {
			t.Errorf("%s: %s", board, names)
		}
		got := tool(t, "mtype", "-i", fmt.Sprintf("%s@@65M", path), "::/buzon.txt")
		if got != "board="+board+"\r\nversion=1.0\r\n" {
			t.Errorf("%s: %q", board, got)
		}
	}
}

// A kernel and an initrd come out of the FAT as they went in.
func TestContent(t *testing.T) {
	t.Parallel()
	o := parts(t, "amd64-efi")
	path := build(t, o)
	kernel, err := os.ReadFile(filepath.Join(o.Kernel, "vmlinuz"))
	if err != nil {
		t.Fatal(err)
	}
	if got := tool(t, "mtype", "-i", path+"@@65M", "::/vmlinuz"); got != string(kernel) {
		t.Errorf("%d octets, and there were %d", len(got), len(kernel))
	}
	ramdisk := filepath.Join(t.TempDir(), "initrd.gz")
	tool(t, "mcopy", "-i", path+"@@65M", "::/initrd.gz", ramdisk)
	unpack := exec.Command("sh", "-c", `zcat "$0" | busybox cpio -t 2>/dev/null`, ramdisk)
	out, err := unpack.Output()
	if err != nil {
		boottest.Miss(t, "busybox and zcat: "+err.Error())
	}
	for _, name := range []string{"init", "programs.squashfs", image.InfoPath, "etc/ssl/certs/ca-certificates.crt", "dev/console"} {
		if !strings.Contains("\n"+string(out), "\n"+name+"\n") {
			t.Errorf("no %s in\n%s", name, out)
		}
	}
}

// The table of partitions, as another program reads it.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, board := range boards() {
		path := build(t, parts(t, board))
		if out := tool(t, "sfdisk", "--verify", path); !strings.Contains(out, "No errors") && board != "rpi" {
			t.Error(board, out)
		}
		dump := tool(t, "sfdisk", "--dump", path)
		want := map[string]string{"rpi": "label: dos"}[board]
		if want == "" {
			want = "label: gpt"
		}
		if !strings.Contains(dump, want) {
			t.Errorf("%s: %s", board, dump)
		}
		for i, p := range places {
			if row := fmt.Sprintf("%d : start=%12d, size=%12d,", i+1, p.start*2048, p.size*2048); !strings.Contains(dump, row) {
				t.Errorf("%s: no %q in\n%s", board, row, dump)
			}
		}
		if board != "rpi" && !strings.Contains(dump, `name="buzon-data"`) {
			t.Error(dump)
		}
	}
}

// A backup put into the image is there, as Buzon's, in a file system that is whole; what is no backup is refused.
func TestRestore(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	content := append([]byte("SQLite format 3\x00"), bytes.Repeat([]byte("¡Hola! "), 30_000_000/8)...) // more than the empty one holds
	backup := filepath.Join(folder, `my "backup".db`)
	write := func(path string, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(backup, content)
	o := parts(t, "arm64-efi")
	o.Restore = backup
	path := build(t, o)
	data := cut(t, path, 4)
	tool(t, "e2fsck", "-fn", data)
	back := filepath.Join(folder, "back")
	tool(t, "debugfs", "-R", "dump buzon.db "+back, data)
	if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d octets, %v", len(got), err)
	}
	if stat := tool(t, "debugfs", "-R", "stat buzon.db", data); !strings.Contains(stat, "User: 65532   Group: 65532") || !strings.Contains(stat, "Mode:  0600") {
		t.Error(stat)
	}
	write(backup+"-wal", []byte("x"))
	refused := map[string]string{backup: "in use", folder + "/nothing": "no such file", filepath.Join(folder, "text"): "not the file of a Buzon"}
	write(filepath.Join(folder, "text"), []byte("Dear diary"))
	for file, want := range refused {
		o.Restore = file
		f, err := os.Create(filepath.Join(folder, "image"))
		if err != nil {
			t.Fatal(err)
		}
		if err := image.Build(t.Context(), f, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
		f.Close()
	}
}

// An update has what the image has in its slot.
func TestUpdateIsSlot(t *testing.T) {
	t.Parallel()
	key, secret := keys(t)
	o := parts(t, "arm64-efi")
	var file bytes.Buffer
	if err := image.BuildUpdate(t.Context(), &file, o, secret); err != nil {
		t.Fatal(err)
	}
	f, err := update.Open(&file, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err != nil || f.Board != "arm64-efi" || f.Version != "1.0" || f.Data != 3 {
		t.Errorf("%+v, %v", f.Header, err)
	}
	partition, err := os.ReadFile(cut(t, build(t, o), 2))
	if err != nil || !bytes.HasPrefix(partition, got) || strings.Trim(string(partition[len(got):]), "\x00") != "" {
		t.Errorf("another slot, %v", err)
	}
}

// What does not fit or is not there is an error and no image.
func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*image.Options){
		"no init":   func(o *image.Options) { o.Init += "x" },
		"no kernel": func(o *image.Options) { o.Kernel += "x" },
		"no loader": func(o *image.Options) { o.Loader += "x" },
		"a large file": func(o *image.Options) {
			o.Notices = append(o.Notices, image.Notice{Name: "x", Text: make([]byte, 129<<20)})
		},
	} {
		o := parts(t, "amd64-efi")
		change(&o)
		f, err := os.Create(filepath.Join(t.TempDir(), "image"))
		if err != nil {
			t.Fatal(err)
		}
		if image.Build(t.Context(), f, o) == nil {
			t.Errorf("%s: no error", name)
		}
		f.Close()
	}
	if _, err := image.FindBoard("toaster"); err == nil {
		t.Error("a board that is none")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := image.Compress(ctx, io.Discard, strings.NewReader("x")); err == nil {
		t.Error("Ctrl-C is not heard")
	}
}
