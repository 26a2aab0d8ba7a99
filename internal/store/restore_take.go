package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// takePatience is how long Take waits for commands that work on the file to end.
const takePatience = 5 * time.Second

// Take puts the file that Commit left in the place of the one at path, which nobody here may have open, and keeps that as
// Before. It tells whether there was one. ErrInUse while another process works on the old one. A crash at any point leaves
// one of the two whole at path, or nothing there where the file system has no links, and the next Take goes on.
func Take(ctx context.Context, path string) (taken bool, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return false, err
	}
	for Staged(path) {
		taken, err = take(ctx, path)
		if !errors.Is(err, errReplaced) {
			break
		}
	}
	if err != nil && !errors.Is(err, errReplaced) {
		return false, fmt.Errorf("take the restored file: %w", err)
	}
	return taken, nil
}

// errReplaced says that a path leads to another file than a moment ago.
var errReplaced = errors.New("another file has taken its place")

func take(ctx context.Context, path string) (taken bool, err error) {
	old, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return takeFirst(path)
	}
	if err != nil {
		return false, err
	}
	defer old.Close()
	if same(path+stagedEnd, old) { // takeFirst was cut short
		return true, firstError(remove(path+stagedEnd), syncDir(filepath.Dir(path)))
	}
	if err := keepOld(ctx, old, path); err != nil {
		return false, err
	}
	return moveStaged(path)
}

// takeFirst is for where there is no file yet; one that is made at this moment is not lost.
func takeFirst(path string) (taken bool, err error) {
	if err := rename(path+logEnd, path+beforeEnd+logEnd); err != nil { // link had no links, and was cut short
		return false, err
	}
	err = os.Link(path+stagedEnd, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return false, errReplaced
	case err != nil: // no links here
		return moveStaged(path)
	}
	return true, firstError(remove(path+stagedEnd), syncDir(filepath.Dir(path)))
}

func moveStaged(path string) (taken bool, err error) {
	err = os.Rename(path+stagedEnd, path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // it was withdrawn
	}
	return err == nil, firstError(err, syncDir(filepath.Dir(path)))
}

// keepOld gives the old file its second name, and sees that no log of it is left: it would be read into the new one.
func keepOld(ctx context.Context, old *os.File, path string) error {
	if err := alone(ctx, old, path); err != nil {
		return err
	}
	before := path + beforeEnd
	if err := foldLog(path); err != nil {
		return err
	}
	if !same(before, old) {
		if err := remove(before + logEnd); err != nil { // of another file
			return err
		}
		if err := link(path, before); err != nil {
			return err
		}
	}
	if err := rename(path+logEnd, before+logEnd); err != nil { // of one so damaged that its log could not be folded
		return err
	}
	return firstError(remove(path+sharedEnd), syncDir(filepath.Dir(path)))
}

// alone waits until no other process works on the file, and keeps them out until it is closed. errReplaced if it is not the
// one at path any more.
func alone(ctx context.Context, f *os.File, path string) error {
	patience, cancel := context.WithTimeout(ctx, takePatience)
	defer cancel()
	for {
		err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
		if !same(path, f) {
			return errReplaced
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		if pause(patience, 50*time.Millisecond) != nil {
			return firstError(ctx.Err(), ErrInUse)
		}
	}
}

// foldLog copies the log into the file and removes it, as the last process that used the file did if it was not killed. A
// file that is too broken for it stays as it is.
func foldLog(path string) error {
	if _, err := os.Lstat(path + logEnd); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	c, err := openWriter(path)
	if err != nil {
		return onlyDamaged(err)
	}
	_, err = number(c, "SELECT count(*) FROM sqlite_schema") // reads the log; closing copies it
	return onlyDamaged(firstError(err, c.Close()))
}

// onlyDamaged is nil for what a broken file says.
func onlyDamaged(err error) error {
	if errors.Is(damaged(err), ErrDamaged) {
		return nil
	}
	return err
}

// link gives a file a second name, whatever had it, or where the file system has no links its only one.
func link(path, second string) error {
	unfinished := second + ".new"
	if err := remove(unfinished); err != nil {
		return err
	}
	if err := os.Link(path, unfinished); err != nil {
		return os.Rename(path, second)
	}
	return os.Rename(unfinished, second)
}

// same tells whether the file at path is f.
func same(path string, f *os.File) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(there, here)
}

// PutBack undoes Take: the file before it is at path again, and the other waits to be taken, or for Withdraw. Nobody may have
// path open. A file that was too damaged to be closed well is not put back.
func PutBack(path string) error {
	before := path + beforeEnd
	if _, err := os.Lstat(before + logEnd); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put the file before back: %w", ErrDamaged)
	}
	err := foldLog(path)
	for _, end := range []string{logEnd, sharedEnd} {
		err = firstError(err, remove(path+end))
	}
	if err == nil {
		err = firstError(os.Rename(path, path+stagedEnd), os.Rename(before, path))
	}
	if err = firstError(err, syncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("put the file before back: %w", err)
	}
	return nil
}

// remove and rename take it that what is not there is done.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func rename(from, to string) error {
	if err := os.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
