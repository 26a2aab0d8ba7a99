package admin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"buzon/internal/cli"
	"buzon/internal/store"
)

// FileProblem puts the error of opening the file at path in the person's words, where they can do something about it.
func FileProblem(err error, path string) error {
	switch {
	case err == nil:
		return nil
	case missing(filepath.Dir(path)):
		return cli.Fail("error_no_folder", "folder", filepath.Dir(path))
	case errors.Is(err, store.ErrNewer):
		return cli.Fail("error_newer", "file", path)
	case errors.Is(err, store.ErrNotBuzon):
		return cli.Fail("error_not_buzon", "file", path)
	case !writable(path):
		return cli.Fail("error_permission", "file", path)
	}
	return err
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// writable tells whether we may write a file that is there, or else make one.
func writable(path string) bool {
	if missing(path) {
		path = filepath.Dir(path)
	}
	return unix.Access(path, unix.W_OK) == nil
}
