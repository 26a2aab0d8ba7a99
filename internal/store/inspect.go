package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"

	"zombiezen.com/go/sqlite"
)

// inspect looks at an existing file and changes nothing, not even by opening
// it as a database: a file that is not ours, or is of a newer version, stays as
// it is to the last octet, and no log appears beside it.
func inspect(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is no regular file", ErrNotBuzon)
	}
	if info.Size() == 0 {
		return fmt.Errorf("%w: it is empty; remove it and Buzon makes a new one", ErrNotBuzon)
	}
	if err := inspectHeader(f); err != nil {
		return err
	}
	// The log may hold a newer version than the file itself when a newer Buzon
	// is running or was killed.
	if info, err := os.Stat(f.Name() + "-wal"); err == nil && info.Size() > 0 {
		return inspectLog(f.Name())
	}
	return nil
}

// inspectHeader reads the first 100 octets (sqlite.org/fileformat2.html §1.3).
// SQLite itself cannot read the file without its log: in the middle of a
// checkpoint it would call it damaged.
func inspectHeader(f io.ReaderAt) error {
	var h [100]byte
	_, err := f.ReadAt(h[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(h[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("%w: it is no SQLite file", ErrNotBuzon)
	}
	if binary.BigEndian.Uint32(h[68:]) != applicationID {
		return fmt.Errorf("%w: it is the SQLite file of another program", ErrNotBuzon)
	}
	return checkVersion(int64(int32(binary.BigEndian.Uint32(h[60:]))))
}

// inspectLog reads the version with the log, on a connection that cannot write.
func inspectLog(path string) error {
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=ro"}
	c, err := sqlite.OpenConn(uri.String(), sqlite.OpenReadOnly, sqlite.OpenURI)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetBusyTimeout(busyTimeout)
	version, err := number(c, "PRAGMA user_version")
	if err != nil {
		return err
	}
	return checkVersion(version)
}

// checkVersion refuses what a newer Buzon wrote.
func checkVersion(version int64) error {
	if version <= newest() {
		return nil
	}
	return fmt.Errorf("%w: the file has version %d, this Buzon knows versions up to %d; "+
		"start the newer Buzon again, or restore the backup that was made before it; the file was left as it is",
		ErrNewer, version, newest())
}
