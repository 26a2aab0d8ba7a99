package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite/sqlitex"
)

// Backup writes a consistent copy to path, which must not exist (ErrExists). It
// is a file like the one it was made of, without holes; a restore is to put it in
// its place. Mail goes on meanwhile. It stops with ctx and then leaves nothing.
func (s *Store) Backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // it holds everybody's mail
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("backup to %s: %w", path, ErrExists)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	err = firstError(f.Close(), s.vacuumInto(ctx, path))
	if err == nil {
		err = firstError(syncFile(path), syncDir(filepath.Dir(path)))
	}
	if err != nil {
		os.Remove(path)
		return fmt.Errorf("backup to %s: %w", path, err)
	}
	return nil
}

// vacuumInto copies on a connection of its own, which ctx can interrupt. The
// target may be a file if that is empty.
func (s *Store) vacuumInto(ctx context.Context, path string) error {
	c, err := openConn(s.path, readerCache)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetInterrupt(ctx.Done())
	err = sqlitex.ExecuteTransient(c, "VACUUM INTO ?", &sqlitex.ExecOptions{Args: []any{path}})
	return firstError(ctx.Err(), err)
}
