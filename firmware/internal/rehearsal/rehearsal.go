// Package rehearsal lets a new version of Buzon show that it can work with the data before it may change it: on a copy, with
// nobody listening from outside. That is only needed when the new version has another form of the data, which the version
// before could not read any more.
//
// Invariants: until a trial has been confirmed, the file with the mail is never opened by a version that would change its
// form. No mail is accepted into a copy: whoever starts Buzon on one lets it listen on the loopback alone. Of each change of
// form the file from before is kept until the next one. A power cut leaves files of ours that the next start removes.
//
// A copy is that of a file that no process has open, with its write-ahead log beside it: SQLite's own rules ("How To Corrupt
// An SQLite Database File", §1.2 and §1.4) allow no other by plain means. The folder belongs to somebody with fewer rights,
// so links are never followed.
package rehearsal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"buzon/internal/update"
)

// Data is the file with the mail, of which all of this tells.
type Data struct {
	File  string // path: "/data/buzon.db"
	Owner int    // user and group of copies; -1 leaves them ours
}

// What is beside the file.
const (
	folderName = "rehearsal"
	keptBefore = "buzon-before-" // and the version that begins to use the file, and ".db"
	logSuffix  = "-wal"          // of SQLite
)

// formAt is where a file of SQLite has its user_version, which is 4 octets (file format, §1.3.10).
const formAt = 60

// spare is what stays free beside a copy, in octets: mail goes on coming while an update is written.
const spare = 32 << 20

// Form is the number of the data's form, 0 if there is no file yet.
func (d Data) Form() (int, error) {
	f, err := openPlain(d.File)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("rehearsal: %w", err)
	}
	defer f.Close()
	var b [4]byte
	if _, err := f.ReadAt(b[:], formAt); errors.Is(err, io.EOF) { // an empty file: nothing was ever written
		return 0, nil
	} else if err != nil {
		return 0, fmt.Errorf("rehearsal: %w", err)
	}
	return int(binary.BigEndian.Uint32(b[:])), nil
}

// Needed tells whether a version whose data has that form has to rehearse: there is a file, and in an older form. (Where the
// number still lies in the write-ahead log it is rehearsed for nothing.)
func (d Data) Needed(form int) (bool, error) {
	have, err := d.Form()
	return have > 0 && have < form, err
}

// Room is update.ErrNoRoom where an update would have to rehearse and there is no room for the copy.
func (d Data) Room(h update.Header) error {
	needed, err := d.Needed(h.Data)
	if err != nil || !needed {
		return err
	}
	var size int64
	for _, path := range []string{d.File, d.File + logSuffix} {
		if info, err := os.Lstat(path); err == nil {
			size += info.Size()
		}
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(d.File), &disk); err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	if free := int64(disk.Bavail) * disk.Bsize; free < size+spare {
		return fmt.Errorf("%w: %d octets are free, and it takes %d", update.ErrNoRoom, free, size+spare)
	}
	return nil
}

// Begin makes the copy to rehearse on and gives its path. Nobody may have the file open.
func (d Data) Begin(ctx context.Context) (copy string, err error) {
	if err := d.End(); err != nil {
		return "", err
	}
	folder := d.folder()
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("rehearsal: %w", err)
	}
	copy = filepath.Join(folder, filepath.Base(d.File))
	if err := d.copy(ctx, copy); err != nil {
		return "", errors.Join(err, d.End())
	}
	if err := os.Lchown(folder, d.Owner, d.Owner); err != nil {
		return "", errors.Join(fmt.Errorf("rehearsal: %w", err), d.End())
	}
	return copy, nil
}

func (d Data) folder() string { return filepath.Join(filepath.Dir(d.File), folderName) }

// End removes the copy and all that was made beside it. Every start calls it: a power cut may have left one.
func (d Data) End() error {
	if err := os.RemoveAll(d.folder()); err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	return nil
}

// Keep keeps the file as it is before a version changes its form, in the place of what was kept before. Nobody may have the
// file open.
func (d Data) Keep(ctx context.Context, version string) error {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("/\x00*?[\\", r) {
			return '_'
		}
		return r
	}, keptBefore+version+".db")
	kept := filepath.Join(filepath.Dir(d.File), name)
	if err := d.forget(); err != nil { // there may be no room for two
		return err
	}
	unfinished := kept + ".unfinished"
	if err := d.copy(ctx, unfinished); err != nil {
		return errors.Join(err, d.forget())
	}
	if _, err := os.Lstat(unfinished + logSuffix); err == nil {
		if err := os.Rename(unfinished+logSuffix, kept+logSuffix); err != nil {
			return fmt.Errorf("rehearsal: %w", err)
		}
	}
	if err := os.Rename(unfinished, kept); err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	return syncFolder(filepath.Dir(d.File))
}

// forget removes what was kept.
func (d Data) forget() error {
	old, err := filepath.Glob(filepath.Join(filepath.Dir(d.File), keptBefore+"*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("rehearsal: %w", err)
		}
	}
	return nil
}
