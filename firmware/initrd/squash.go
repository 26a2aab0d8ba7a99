package initrd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	backend "github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/squashfs"
)

// ProgramsName is where the first process finds what Squash made.
const ProgramsName = "programs.squashfs"

// squashBlock is what is read and unpacked at once, in octets: a page that is missing costs as much.
const squashBlock = 128 << 10

// squashTimeAt is where a superblock says when it was made: the one thing that is not the same each time.
const squashTimeAt = 8

// Squash writes a read-only file system with programs, by name. What an archive holds stays in memory whole; of a program
// in here the kernel keeps what is in use, and finds the rest again in the packed form.
func Squash(path string, programs map[string]string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("initrd: %s: %w", filepath.Base(path), err)
		}
	}()
	storage, err := backend.CreateFromPath(path, 1) // it grows
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, storage.Close()) }()
	fs, err := squashfs.Create(storage, 1<<30, 0, squashBlock)
	if err != nil {
		return err
	}
	workspace := fs.Workspace()
	defer os.RemoveAll(workspace) // which is its own job only if all goes well
	for name, from := range programs {
		if err := lay(filepath.Join(workspace, name), from); err != nil {
			return err
		}
	}
	if err := os.Chtimes(workspace, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		return err
	}
	if err := os.Chmod(workspace, 0o755); err != nil {
		return err
	}
	var root uint32
	err = fs.Finalize(squashfs.FinalizeOptions{
		Compression: &squashfs.CompressorGzip{CompressionLevel: 9, WindowSize: 15}, FileUID: &root, FileGID: &root,
	})
	if err != nil {
		return err
	}
	w, err := storage.Writable()
	if err != nil {
		return err
	}
	if _, err = w.WriteAt(make([]byte, 4), squashTimeAt); err != nil {
		return err
	}
	return pad(path)
}

// pad fills the file up, as a device has no half blocks.
func pad(path string) error {
	const block = 4 << 10 // octets
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, (info.Size()+block-1)/block*block)
}

// lay puts a program where the file system is made from.
func lay(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(0o755), out.Close(), os.Chtimes(to, time.Unix(0, 0), time.Unix(0, 0)))
}
