package store

import (
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	pageSize = 2048 // octets: the least written to the device for each delivery

	// checkpointPages is when the log is copied back into the file: 4 MB.
	checkpointPages = 4 << 20 / pageSize

	// Caches cost about twice their nominal size in memory.
	writerCache = 2000 // KiB
	readerCache = 500  // KiB

	// busyTimeout is how long to wait for another process's transaction.
	busyTimeout = 5 * time.Second
)

// openConn opens the file, which must exist, for a writer or a reader. It is
// one place for all pragmas that hold for a connection and not for the file.
func openConn(path string, cache int, more ...string) (*sqlite.Conn, error) {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	c.SetBusyTimeout(busyTimeout)
	pragmas := append([]string{
		"synchronous=FULL", // 250 only after the sync; NORMAL lost acknowledged mail when the power was cut
		"foreign_keys=1",
		fmt.Sprintf("cache_size=-%d", cache),
		"temp_store=2", // memory: sorting must not wear the card
		"mmap_size=0",  // a bad sector would be a signal that kills the process, not an error
		fmt.Sprintf("wal_autocheckpoint=%d", checkpointPages),
	}, more...)
	for _, p := range pragmas {
		if err := sqlitex.ExecuteTransient(c, "PRAGMA "+p, nil); err != nil {
			c.Close()
			return nil, fmt.Errorf("pragma %s: %w", p, err)
		}
	}
	return c, nil
}

func openWriter(path string) (*sqlite.Conn, error) {
	c, err := openConn(path, writerCache)
	if err != nil {
		return nil, err
	}
	if err := useWAL(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func openReader(path string) (*sqlite.Conn, error) {
	return openConn(path, readerCache, "query_only=1")
}

// useWAL switches the file to a write-ahead log. It is there already in all
// files but a backup that is opened for the first time; another process that
// does the same at this moment is waited for.
func useWAL(c *sqlite.Conn) error {
	for try := 0; ; try++ {
		mode, err := text(c, "PRAGMA journal_mode=WAL")
		if err == nil && mode != "wal" {
			return fmt.Errorf("the file system cannot hold a write-ahead log (journal mode %q)", mode)
		}
		if err == nil || try == 50 || sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// text is the first column of the first row of an uncached query.
func text(c *sqlite.Conn, query string) (s string, err error) {
	err = sqlitex.ExecuteTransient(c, query, &sqlitex.ExecOptions{ResultFunc: func(st *sqlite.Stmt) error {
		s = st.ColumnText(0)
		return nil
	}})
	return s, err
}
