package spool

import (
	"errors"
	"os"
)

// unlinked makes a temporary file (mode 0600, by os.CreateTemp) and takes its name away. A crash between the two leaves
// an empty file.
func unlinked(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "buzon-spool-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
