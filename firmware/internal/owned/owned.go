// Package owned reads and writes small files in a folder of somebody who has fewer rights than we: what lies there may be
// a link to a file that only we may touch, or no file at all.
//
// Invariant: nothing outside the folder is ever read or written, and nothing that is not a plain file.
package owned

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// ErrNotPlain says that something else than a file is there.
var ErrNotPlain = errors.New("not a plain file")

// ErrTooLarge says that the file is larger than it can be.
var ErrTooLarge = errors.New("the file is too large")

// Read gives a file of at most so many octets.
func Read(path string, most int64) ([]byte, error) {
	// Not to wait for the other end of a pipe.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("%s: %w", path, ErrNotPlain)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, ErrNotPlain)
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s: %w", path, ErrTooLarge)
	}
	return b, nil
}

// Write puts a file there, whole or not at all, and synced. The name that it has meanwhile is new.
func Write(path string, b []byte, mode os.FileMode) (err error) {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}
