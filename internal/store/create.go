package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// create makes the file at path where there is none. It is made beside its
// place and put there whole, so that nobody ever sees it half made, and of two
// processes that start at once one makes it and both open the same.
func create(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temporary, err := emptyFile(path)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	if err := fill(ctx, temporary); err != nil {
		return err
	}
	if err := syncFile(temporary); err != nil {
		return err
	}
	return place(temporary, path)
}

// emptyFile makes a new file beside path that its owner alone may read.
func emptyFile(path string) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// fill makes an empty file a database of the newest version. The order matters:
// page size and auto_vacuum cannot change once there is a first page.
func fill(ctx context.Context, path string) error {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, p := range []struct{ set, read, want string }{
		{fmt.Sprintf("PRAGMA page_size=%d", pageSize), "PRAGMA page_size", fmt.Sprint(pageSize)},
		// 2, incremental: Care decides when pages go back to the file system.
		{"PRAGMA auto_vacuum=2", "PRAGMA auto_vacuum", "2"},
		{"PRAGMA journal_mode=WAL", "PRAGMA journal_mode", "wal"},
	} {
		if err := setPragma(c, p.set, p.read, p.want); err != nil {
			return err
		}
	}
	return migrate(ctx, c)
}

// setPragma reads the value back, because SQLite ignores what it cannot do.
func setPragma(c *sqlite.Conn, set, read, want string) error {
	if err := sqlitex.ExecuteTransient(c, set, nil); err != nil {
		return fmt.Errorf("%s: %w", set, err)
	}
	got, err := text(c, read)
	if err != nil {
		return fmt.Errorf("%s: %w", read, err)
	}
	if got != want {
		return fmt.Errorf("%s is %q after %s", read, got, set)
	}
	return nil
}

// place gives the finished file its name unless another process was faster.
func place(temporary, path string) error {
	err := os.Link(temporary, path)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil { // FAT has no links; there a race is not guarded
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return firstError(f.Sync(), f.Close())
}

// syncDir makes a new name durable. Some file systems refuse to sync a
// directory; there it is as durable as it can be.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}
