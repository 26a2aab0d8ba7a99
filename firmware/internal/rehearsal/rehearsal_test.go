package rehearsal

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"buzon/internal/update"
)

// newData is a file of a form, with a write-ahead log if there is a text for it.
func newData(t *testing.T, form int, log string) Data {
	t.Helper()
	d := Data{File: filepath.Join(t.TempDir(), "buzon.db"), Owner: -1}
	b := make([]byte, 8192)
	copy(b, "SQLite format 3\x00")
	binary.BigEndian.PutUint32(b[formAt:], uint32(form))
	write(t, d.File, string(b))
	if log != "" {
		write(t, d.File+logSuffix, log)
	}
	return d
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// names are what is in a folder.
func names(t *testing.T, path string) string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestNeeded(t *testing.T) {
	for _, c := range []struct {
		have, form int
		want       bool
	}{{13, 13, false}, {13, 14, true}, {14, 13, false}, {0, 14, false}} {
		if got, err := newData(t, c.have, "").Needed(c.form); got != c.want || err != nil {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
	// No file, and one in which nothing was ever written: there is nothing to lose.
	d := Data{File: filepath.Join(t.TempDir(), "buzon.db")}
	if got, err := d.Needed(14); got || err != nil {
		t.Errorf("no file: %v, %v", got, err)
	}
	write(t, d.File, "")
	if got, err := d.Needed(14); got || err != nil {
		t.Errorf("an empty file: %v, %v", got, err)
	}
}

// The copy has what the file and its log have, and the file stays as it is whatever becomes of the copy.
func TestRehearsal(t *testing.T) {
	d := newData(t, 13, "a log")
	before := read(t, d.File)
	copied, err := d.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if read(t, copied) != before || read(t, copied+logSuffix) != "a log" || filepath.Base(copied) != "buzon.db" {
		t.Error("another copy")
	}
	write(t, copied, "changed")
	write(t, filepath.Join(filepath.Dir(copied), "more"), "x")
	if _, err := d.Begin(t.Context()); err != nil { // as after a power cut
		t.Fatal(err)
	}
	if read(t, copied) != before {
		t.Error("the second copy is the first one")
	}
	if err := d.End(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Dir(d.File)); got != "buzon.db buzon.db-wal" {
		t.Errorf("left: %s", got)
	}
	if err := d.End(); err != nil {
		t.Errorf("a second end: %v", err)
	}
}

// One file from before is kept, until the next one.
func TestKeep(t *testing.T) {
	d := newData(t, 13, "a log")
	before := read(t, d.File)
	folder := filepath.Dir(d.File)
	if err := d.Keep(t.Context(), "1.1"); err != nil {
		t.Fatal(err)
	}
	if names(t, folder) != "buzon-before-1.1.db buzon-before-1.1.db-wal buzon.db buzon.db-wal" {
		t.Error(names(t, folder))
	}
	if read(t, folder+"/buzon-before-1.1.db") != before || read(t, folder+"/buzon-before-1.1.db-wal") != "a log" {
		t.Error("something else was kept")
	}
	if err := os.Remove(d.File + logSuffix); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "buzon-before-1.2.db.unfinished"), "of a power cut")
	if err := d.Keep(t.Context(), "../1.2"); err != nil {
		t.Fatal(err)
	}
	if names(t, folder) != "buzon-before-.._1.2.db buzon.db" {
		t.Error(names(t, folder))
	}
}

// Ctrl-C, which is a restart in the middle, and a link in the place of the file leave nothing behind.
func TestFailures(t *testing.T) {
	d := newData(t, 13, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Begin(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := d.Keep(ctx, "1.1"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, strings.Repeat("secret", 20))
	if err := errors.Join(os.Remove(d.File), os.Symlink(secret, d.File)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(t.Context()); err == nil {
		t.Error("a link is copied")
	}
	if err := d.Keep(t.Context(), "1.1"); err == nil {
		t.Error("a link is kept")
	}
	if _, err := d.Needed(14); err == nil {
		t.Error("a link is read")
	}
	if got := names(t, filepath.Dir(d.File)); got != "buzon.db" {
		t.Errorf("left: %s", got)
	}
}

// A file that does not fit a second time is found out before an update begins, if the update needs it.
func TestRoom(t *testing.T) {
	d := newData(t, 13, "")
	for _, c := range []struct {
		size int64
		data int
		want error
	}{{8192, 14, nil}, {8192, 13, nil}, {1 << 43, 13, nil}, {1 << 43, 14, update.ErrNoRoom}} {
		if err := os.Truncate(d.File, c.size); err != nil { // a hole takes nothing
			t.Skip(err)
		}
		if err := d.Room(update.Header{Data: c.data}); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
