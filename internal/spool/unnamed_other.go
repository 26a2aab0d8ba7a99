//go:build !linux

package spool

import "os"

// unnamed makes a file that is gone once it is closed.
func unnamed(dir string) (*os.File, error) { return unlinked(dir) }
