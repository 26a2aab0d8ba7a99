package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// fillStaged writes a copy and looks at it. The lock tells SweepStaged that somebody is at it.
func fillStaged(ctx context.Context, f *os.File, path string, r, log io.Reader) (Contents, error) {
	if err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return Contents{}, err
	}
	if err := ownAs(f, path); err != nil {
		return Contents{}, err
	}
	if _, err := io.Copy(f, reader{ctx, r}); err != nil {
		return Contents{}, err
	}
	if err := copyLog(ctx, f.Name()+logEnd, log); err != nil {
		return Contents{}, err
	}
	c, err := prepareStaged(ctx, f)
	if err != nil {
		return c, err
	}
	return c, f.Sync()
}

// copyLog writes a log beside a copy, where there is one.
func copyLog(ctx context.Context, path string, log io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, reader{ctx, log})
	err = firstError(err, f.Close())
	if err == nil && n == 0 {
		err = os.Remove(path)
	}
	return err
}

// reader ends with its ctx: a copy of gigabytes takes long.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// ownAs gives a new file the owner of the one at path, or of its folder: root restores for a server that is somebody else.
func ownAs(f *os.File, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return f.Chown(int(owner.Uid), int(owner.Gid))
	}
	return nil
}
