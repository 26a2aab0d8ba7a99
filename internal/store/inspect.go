package store

import (
	"fmt"
	"net/url"
	"os"

	"zombiezen.com/go/sqlite"
)

// inspect looks at an existing file and changes nothing, not even by opening
// it as a database: a file that is not ours, or is of a newer version, stays as
// it is to the last octet, and no log appears beside it.
func inspect(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is no regular file", ErrNotBuzon)
	}
	if info.Size() == 0 {
		return fmt.Errorf("%w: it is empty; remove it and Buzon makes a new one", ErrNotBuzon)
	}
	if err := look(path, "immutable=1"); err != nil {
		return err
	}
	// The log may hold a newer version than the file itself when a newer Buzon
	// is running or was killed.
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return look(path, "mode=ro")
	}
	return nil
}

// look reads who wrote the file. "immutable" reads the file alone, without log and locks.
func look(path, how string) error {
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: how}
	c, err := sqlite.OpenConn(uri.String(), sqlite.OpenReadOnly, sqlite.OpenURI)
	if err != nil {
		return explain(err)
	}
	defer c.Close()
	c.SetBusyTimeout(busyTimeout)
	id, err := number(c, "PRAGMA application_id")
	if err != nil {
		return explain(err)
	}
	if id != applicationID {
		return fmt.Errorf("%w: it is the SQLite file of another program", ErrNotBuzon)
	}
	version, err := number(c, "PRAGMA user_version")
	if err != nil {
		return explain(err)
	}
	return checkVersion(version)
}

func explain(err error) error {
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultNotADB {
		return fmt.Errorf("%w: it is no SQLite file", ErrNotBuzon)
	}
	return err
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
