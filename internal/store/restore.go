package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What stands beside a file while another takes its place, after its own name. Each step can be cut short by a crash:
//
//   - restoringEnd and a random word: a copy that is being written and looked at, under an exclusive flock.
//     SweepStaged removes what a crash left.
//   - stagedEnd: such a copy that is whole, on disk, and wanted. The next Take makes it the file.
//   - beforeEnd: what the file was until the last Take; it is replaced by the next, and otherwise left to its owner.
const (
	restoringEnd = ".restoring-"
	stagedEnd    = ".restore"
	beforeEnd    = ".before-restore"
	logEnd       = "-wal"
	sharedEnd    = "-shm"
)

// Before is where the file at path is kept that a restore has replaced.
func Before(path string) string { return path + beforeEnd }

// Copy is a copy of another file that could take the place of ours. As long as it is neither committed nor discarded it is
// known to be somebody's.
type Copy struct {
	Contents
	path   string // whose place it could take
	staged string
	lock   *os.File
}

// Commit lets it take the place, see the function.
func (c *Copy) Commit() error {
	if err := Commit(c.path, c.staged); err != nil {
		return err
	}
	return c.lock.Close()
}

// Discard removes it.
func (c *Copy) Discard() error { return firstError(Discard(c.staged), c.lock.Close()) }

// Stage copies the file from, which may be anywhere, beside the file at path, and looks whether it can take its place.
// ErrNotBuzon, ErrNewer, ErrDamaged; ErrInUse while somebody works on it: a copy of that would be torn.
func Stage(ctx context.Context, path, from string) (*Copy, error) {
	f, err := os.Open(from)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	defer f.Close()
	// Not all file systems that are read only have locks; nobody works on a file there.
	if err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("restore from %s: %w", from, ErrInUse)
	}
	if err := inspect(f); err != nil { // before the copy, which may take long
		return nil, fmt.Errorf("restore from %s: %w", from, err)
	}
	log, err := os.Open(from + logEnd) // of a card that was taken out while Buzon ran
	if errors.Is(err, fs.ErrNotExist) {
		return receive(ctx, path, f, strings.NewReader(""))
	}
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	defer log.Close()
	return receive(ctx, path, f, log)
}

// Receive is Stage for a file that comes as octets, from a page, and is agreed to later. It tells where the copy waits for
// Commit or Discard; the next start of a server removes it.
func Receive(ctx context.Context, path string, r io.Reader) (Contents, string, error) {
	c, err := receive(ctx, path, r, strings.NewReader(""))
	if err != nil {
		return Contents{}, "", err
	}
	return c.Contents, c.staged, c.lock.Close()
}

func receive(ctx context.Context, path string, r, log io.Reader) (*Copy, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+restoringEnd) // mode 0600: it holds everybody's mail
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	c := &Copy{path: path, staged: f.Name(), lock: f}
	if c.Contents, err = fillStaged(ctx, f, path, r, log); err != nil {
		return nil, fmt.Errorf("restore: %w", firstError(err, c.Discard()))
	}
	return c, nil
}

// Commit says that a staged copy is wanted: from here on it takes the place of the file at path with the next Take, that of a
// running server within two seconds, even if we crash now.
func Commit(path, staged string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(staged, path+restoringEnd) || strings.ContainsRune(staged[len(path):], filepath.Separator) {
		return fmt.Errorf("restore: %s is no staged copy", staged)
	}
	if err := os.Rename(staged, path+stagedEnd); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// Discard removes a staged copy that is not wanted.
func Discard(staged string) error {
	var err error
	for _, end := range []string{"", logEnd, sharedEnd, "-journal"} {
		if e := os.Remove(staged + end); !errors.Is(e, fs.ErrNotExist) {
			err = firstError(err, e)
		}
	}
	return err
}

// Withdraw takes Commit back; done is false where it is too late.
func Withdraw(path string) (done bool, err error) {
	withdrawn := path + restoringEnd + "withdrawn"
	err = os.Rename(path+stagedEnd, withdrawn)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("restore: %w", err)
	}
	return true, Discard(withdrawn)
}

// Staged tells whether a file waits to take the place of the one at path.
func Staged(path string) bool {
	_, err := os.Lstat(path + stagedEnd)
	return err == nil
}

// SweepStaged removes the copies that a crash left. It is for the start of a server: what pages of another one show of
// them would be gone.
func SweepStaged(path string) error {
	names, err := filepath.Glob(globEscape(path) + restoringEnd + "*")
	for _, name := range names {
		if strings.HasSuffix(name, logEnd) || strings.HasSuffix(name, sharedEnd) {
			continue // go with theirs
		}
		f, e := os.Open(name)
		if e != nil {
			continue // gone with the one before it
		}
		if flock(f, syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			err = firstError(err, Discard(name))
		}
		f.Close()
	}
	return err
}

// globEscape makes a path stand for itself in a pattern.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
