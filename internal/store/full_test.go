package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"zombiezen.com/go/sqlite"
)

// A file that may not grow is a disk without room; anything else is something else.
func TestIsFull(t *testing.T) {
	c, err := sqlite.OpenConn(":memory:")
	check(t, err)
	t.Cleanup(func() { check(t, c.Close()) })
	check(t, exec(c, "CREATE TABLE a (b)"))
	check(t, exec(c, "PRAGMA max_page_count=3"))
	full := exec(c, "INSERT INTO a VALUES (zeroblob(100000))")
	for what, e := range map[string]error{
		"SQLite's": full, "wrapped": fmt.Errorf("accept: %w", full), "joined": errors.Join(errors.New("other"), full),
		"the system's": &os.PathError{Op: "write", Err: syscall.ENOSPC},
	} {
		if e == nil || !IsFull(e) {
			t.Errorf("%s: %v is not full", what, e)
		}
	}
	for _, e := range []error{nil, ErrOverQuota, exec(c, "nonsense"), syscall.EIO} {
		if IsFull(e) {
			t.Errorf("%v is full", e)
		}
	}
}
