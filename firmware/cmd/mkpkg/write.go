package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// write makes one file, whole or not at all, and tells.
func (m *maker) write(name string, content func(io.Writer) error) error {
	path := filepath.Join(m.out, name)
	f, err := os.CreateTemp(m.out, ".mkpkg-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone when all went well
	defer f.Close()
	if err := content(f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	m.made = append(m.made, name)
	fmt.Printf("%10d  %s\n", info.Size(), path)
	return nil
}
