package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// unnamed makes a file that vanishes when it is closed, even by a crash. Some file systems (NFS, overlay on old kernels)
// have no O_TMPFILE, there it has a name for a moment.
func unnamed(dir string) (*os.File, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	file, err := os.OpenFile(dir, unix.O_TMPFILE|os.O_RDWR|unix.O_EXCL, 0o600)
	if err != nil {
		return unlinked(dir)
	}
	return file, nil
}
