package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"buzon/firmware/boottest"
	"buzon/firmware/boxtest"
	"buzon/firmware/initrd"

	_ "github.com/gokrazy/kernel.arm64"
)

// owned makes a folder with a Buzon file that has an owner, as a restored card has.
func (p programs) owned(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	data := filepath.Join(folder, "buzon.db")
	for _, arguments := range [][]string{{"domain", "add", "example.org"}, {"account", "add", boxtest.Owner}} {
		cmd := exec.Command(p.host, append(arguments, "--data", data)...)
		cmd.Stdin = strings.NewReader(boxtest.Password + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("buzon %v: %v\n%s", arguments, err, out)
		}
	}
	return folder
}

// programs are what is put into the system: ours and Buzon, for the board, and the system made of them.
type programs struct{ initrd, kernel, host string }

// build makes them once for all machines of a test.
func build(t *testing.T) programs {
	t.Helper()
	folder := t.TempDir()
	for name, from := range map[string]string{"init": ".", "buzon": "../.."} {
		cmd := exec.Command("go", "build", "-C", from, "-trimpath", "-ldflags", "-s -w -buildid=", "-o", filepath.Join(folder, name), ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	p := programs{initrd: filepath.Join(folder, "initrd.gz"), kernel: kernelFile(t), host: filepath.Join(folder, "host")}
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", p.host, ".").CombinedOutput(); err != nil {
		t.Fatalf("build buzon for here: %v\n%s", err, out)
	}
	squashed := filepath.Join(folder, initrd.ProgramsName)
	if err := initrd.Squash(squashed, map[string]string{"buzon": filepath.Join(folder, "buzon")}); err != nil {
		t.Fatal(err)
	}
	files := []initrd.File{
		open(t, filepath.Join(folder, "init"), "init"), open(t, squashed, initrd.ProgramsName),
		textFile("etc/buzon/image.json", `{"version":"0.1-test","board":"virt","data":0,"key":""}`),
		{Name: "dev/console", Mode: initrd.Character | 0o600, Major: 5, Minor: 1},
		{Name: "dev/null", Mode: initrd.Character | 0o666, Major: 1, Minor: 3},
	}
	to, err := os.Create(p.initrd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, initrd.Build(files)); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// kernelFile is in the module of the kernel, which is imported to be in go.mod.
func kernelFile(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gokrazy/kernel.arm64").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "vmlinuz")
}

func open(t *testing.T, path, name string) initrd.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return initrd.File{Name: name, Mode: 0o755, Size: info.Size(), Body: f}
}

func textFile(name, content string) initrd.File {
	return initrd.File{Name: name, Mode: 0o644, Size: int64(len(content)), Body: strings.NewReader(content)}
}

// card is a disk with the owner's partition and that of the mail.
type card struct {
	t    *testing.T
	path string
}

const (
	mega      = 1 << 20
	bootStart = 1  // MiB
	bootSize  = 33 // MiB
	dataStart = bootStart + bootSize
	dataSize  = 64 // MiB
)

// cardOptions say what is on a card before its first start.
type cardOptions struct {
	size     int64  // octets
	settings string // settings.txt
	data     string // folder whose files are on the data partition; "" is none
}

// made is when the file systems say that they were made: long ago, so that a clock that starts there is seen.
const made = "E2FSPROGS_FAKE_TIME=1700000000"

// newCard makes a card with partitions as the image has them.
func newCard(t *testing.T, o cardOptions) *card {
	t.Helper()
	c := &card{t, filepath.Join(t.TempDir(), "card")}
	table := make([]byte, 512)
	row(table, 1, 0x0C, bootStart, bootSize)
	row(table, 4, 0x83, dataStart, dataSize)
	table[510], table[511] = 0x55, 0xAA
	if err := os.WriteFile(c.path, table, 0o600); err != nil {
		t.Fatal(err)
	}
	c.resize(o.size)
	// The same as in image, but for what makes its octets always the same.
	arguments := []string{"-q", "-F", "-t", "ext4", "-b", "4096", "-i", "65536", "-J", "size=16", "-m", "1", "-L", "buzon-data", "-E", fmt.Sprintf("offset=%d", dataStart*mega)}
	if o.data != "" {
		arguments = append(arguments, "-d", o.data)
	}
	c.tool("mke2fs", append(arguments, c.path, fmt.Sprint(dataSize*mega/4096))...)
	c.tool("mkfs.vfat", "-F", "16", "-n", "BUZON", "--offset", fmt.Sprint(bootStart*2048), c.path, fmt.Sprint(bootSize*1024))
	c.tool("mmd", "-i", c.fat(), "::buzon")
	c.set(o.settings)
	return c
}

// in is the card for a part of a test.
func (c *card) in(t *testing.T) *card { return &card{t, c.path} }

// damage makes the file system one of a kernel that is not made yet: a feature that nobody knows.
func (c *card) damage() {
	c.t.Helper()
	f, err := os.OpenFile(c.path, os.O_RDWR, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{0x80}, dataStart*mega+1024+0x63) // the highest bit of s_feature_incompat
	if err := errors.Join(err, f.Close()); err != nil {
		c.t.Fatal(err)
	}
}

// resize is what copying a card to another one does.
func (c *card) resize(size int64) {
	c.t.Helper()
	if err := os.Truncate(c.path, size); err != nil {
		c.t.Fatal(err)
	}
}

// set writes settings.txt, as the owner does on another computer.
func (c *card) set(settings string) {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "settings.txt")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.tool("mcopy", "-o", "-i", c.fat(), file, "::buzon/settings.txt")
}

// check has another computer look at the file system of the mail, after an orderly end.
func (c *card) check() {
	c.t.Helper()
	if info, err := os.Stat(c.path); err != nil || info.Size() == 0 {
		c.t.Fatal(err)
	}
	c.tool("e2fsck", "-f", "-n", fmt.Sprintf("%s?offset=%d", c.path, dataStart*mega))
}

func row(table []byte, number int, kind byte, start, size uint32) {
	e := table[446+16*(number-1):]
	e[4] = kind
	binary.LittleEndian.PutUint32(e[8:], start*2048)
	binary.LittleEndian.PutUint32(e[12:], size*2048)
}

func (c *card) fat() string { return fmt.Sprintf("%s@@%d", c.path, bootStart*mega) }

// tool runs a program of Debian's.
func (c *card) tool(name string, args ...string) string {
	c.t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		boottest.Miss(c.t, err.Error())
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), made)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// onBoot is a file of the owner's folder, "" if it is not there.
func (c *card) onBoot(name string) string {
	c.t.Helper()
	out, err := exec.Command("mtype", "-i", c.fat(), "::buzon/"+name).Output()
	if err != nil {
		return ""
	}
	return string(out)
}
