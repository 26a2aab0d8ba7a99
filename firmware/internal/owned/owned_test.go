package owned

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWriteRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, text := range []string{"one", "two and more"} {
		if err := Write(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		if b, err := Read(path, 12); err != nil || string(b) != text {
			t.Errorf("%q %v", b, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
		t.Errorf("%v %v", info, err)
	}
	if _, err := Read(path, 11); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if _, err := Read(path+"b", 1); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Whoever owns the folder does not choose what we touch.
func TestTraps(t *testing.T) {
	folder := t.TempDir()
	secret, trap := filepath.Join(folder, "secret"), filepath.Join(folder, "trap")
	if err := os.WriteFile(secret, []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, set := range map[string]func() error{
		"a link":   func() error { return os.Symlink(secret, trap) },
		"a pipe":   func() error { return unix.Mkfifo(trap, 0o600) },
		"a folder": func() error { return os.Mkdir(trap, 0o700) },
	} {
		if err := set(); err != nil {
			t.Fatal(err)
		}
		if b, err := Read(trap, 100); !errors.Is(err, ErrNotPlain) {
			t.Errorf("%s: %q %v", what, b, err)
		}
		if what != "a folder" {
			if err := Write(trap, []byte("x"), 0o600); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := os.RemoveAll(trap); err != nil {
			t.Fatal(err)
		}
	}
	// Nor by a link where the temporary name is.
	if err := os.Symlink(secret, trap+".new"); err != nil {
		t.Fatal(err)
	}
	if err := Write(trap, []byte("x"), 0o600); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != "ours" {
		t.Errorf("%q %v", b, err)
	}
}
