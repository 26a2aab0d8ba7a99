package initrd

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	backend "github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/squashfs"
)

// squash packs one program of 300 KB, which is more than two blocks and an end.
func squash(t *testing.T) (path string, program []byte) {
	t.Helper()
	folder := t.TempDir()
	program = []byte(strings.Repeat("a program\x00", 30<<10) + "its end")
	from := filepath.Join(folder, "built")
	if err := os.WriteFile(from, program, 0o600); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(folder, ProgramsName)
	if err := Squash(path, map[string]string{"buzon": from}); err != nil {
		t.Fatal(err)
	}
	return path, program
}

func TestSquash(t *testing.T) {
	path, program := squash(t)
	storage, err := backend.OpenFromPath(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer storage.Close()
	info, err := os.Stat(path)
	if err != nil || info.Size()%4096 != 0 || info.Size() > int64(len(program))/2 {
		t.Fatalf("%d octets, %v", info.Size(), err)
	}
	fs, err := squashfs.Read(storage, info.Size(), 0, squashBlock)
	if err != nil {
		t.Fatal(err)
	}
	f, err := fs.OpenFile("buzon", os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || !bytes.Equal(b, program) {
		t.Errorf("%d octets came back of %d: %v", len(b), len(program), err)
	}
}

// The same program is the same octets, at another time and in another folder.
func TestSquashAgain(t *testing.T) {
	one, _ := squash(t)
	two, _ := squash(t)
	a, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(two)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("not the same: %v", err)
	}
}

func TestSquashRefuses(t *testing.T) {
	if err := Squash(filepath.Join(t.TempDir(), "a"), map[string]string{"buzon": "/nowhere"}); err == nil {
		t.Error("it packed nothing")
	}
}
