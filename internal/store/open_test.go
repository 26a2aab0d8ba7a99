package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

// files is the name and content of everything in the folder of path.
func files(t testing.TB, path string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	check(t, err)
	all := make(map[string]string)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(path), e.Name()))
		check(t, err)
		all[e.Name()] = string(b)
	}
	return all
}

// alter runs SQL on the closed file as somebody else would.
func alter(t testing.TB, path string, statements ...string) {
	t.Helper()
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	check(t, err)
	for _, sql := range statements {
		check(t, exec(c, sql))
	}
	check(t, c.Close())
}

func madeFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "buzon.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	check(t, s.Close())
	return path
}

// A refused file stays as it is to the last octet, and nothing appears beside it.
func TestRefusedFilesAreUntouched(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		want error
		text string
	}{
		{"newer", func(t *testing.T, path string) {
			check(t, os.Rename(madeFile(t), path))
			alter(t, path, "PRAGMA user_version=999")
		}, ErrNewer, "the file has version 999, this Buzon knows versions up to"},
		{"text", func(t *testing.T, path string) {
			check(t, os.WriteFile(path, []byte(strings.Repeat("Dear diary,\n", 500)), 0o600))
		}, ErrNotBuzon, "no SQLite file"},
		{"another program's", func(t *testing.T, path string) { alter(t, path, "CREATE TABLE song(title)") }, ErrNotBuzon, "another program"},
		{"another program's, with a log", func(t *testing.T, path string) {
			alter(t, path, "PRAGMA application_id=77", "PRAGMA journal_mode=WAL", "CREATE TABLE song(title)")
		}, ErrNotBuzon, "another program"},
		{"empty", func(t *testing.T, path string) { check(t, os.WriteFile(path, nil, 0o600)) }, ErrNotBuzon, "it is empty"},
		{"folder's content", func(t *testing.T, path string) { check(t, os.Symlink(t.TempDir(), path)) }, ErrNotBuzon, "no regular file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "b u%zon?.db") // no character of a name may become part of a URI
			c.make(t, path)
			if c.name == "folder's content" {
				_, err := Open(t.Context(), path, Options{})
				wantErr(t, err, c.want)
				return
			}
			before := files(t, path)
			_, err := Open(t.Context(), path, Options{})
			wantErr(t, err, c.want)
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %q does not say %q", err, c.text)
			}
			after := files(t, path)
			if len(after) != len(before) {
				t.Errorf("%d files became %d", len(before), len(after))
			}
			for name, content := range before {
				if after[name] != content {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
}

// A newer version that is known only to the log, because the newer Buzon was killed, is seen as well.
func TestNewerInTheLog(t *testing.T) {
	source := madeFile(t)
	c, err := sqlite.OpenConn(source, sqlite.OpenReadWrite)
	check(t, err)
	defer c.Close()
	check(t, exec(c, "PRAGMA user_version=999"))
	path := filepath.Join(t.TempDir(), "copy.db") // as the kill leaves it
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(source + end)
		check(t, err)
		check(t, os.WriteFile(path+end, b, 0o600))
	}
	before := files(t, path)
	_, err = Open(t.Context(), path, Options{})
	wantErr(t, err, ErrNewer)
	after := files(t, path)
	delete(after, "copy.db-shm") // the index of the log, which holds nothing of its own
	if len(after) != len(before) {
		t.Errorf("%d files became %d", len(before), len(after))
	}
	for name, content := range before {
		if after[name] != content {
			t.Errorf("%s was changed", name)
		}
	}
}

// The file is as STORE.md measured it best, its owner's alone, and one file after Close.
func TestNewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	for pragma, want := range map[string]int64{"page_size": pageSize, "auto_vacuum": 2, "application_id": applicationID, "user_version": newest(),
		"synchronous": 2, "foreign_keys": 1, "cache_size": -readerCache, "temp_store": 2, "mmap_size": 0, "query_only": 1} {
		if got := count(t, s, "PRAGMA "+pragma); got != want {
			t.Errorf("%s is %d, want %d", pragma, got, want)
		}
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + end)
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %q is %v", end, info.Mode())
		}
	}
	check(t, s.Close())
	if all := files(t, path); len(all) != 1 {
		t.Errorf("%d files after Close, want one", len(all))
	}
}

// Processes that start at once on a new file all get the same one.
func TestStartRace(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "buzon.db")
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				s, err := Open(context.Background(), path, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				check(t, s.write(context.Background(), keep(int64(i))))
				check(t, s.Close())
			})
		}
		wg.Wait()
		s, err := Open(t.Context(), path, Options{})
		check(t, err)
		if n := count(t, s, "SELECT count(*) FROM share"); n != 6 {
			t.Errorf("%d of 6 writes are there", n)
		}
		check(t, s.Close())
		if all := files(t, path); len(all) != 1 {
			t.Errorf("%d files are left", len(all))
		}
	}
}

// What a crash leaves staged is swept by the next Open, but not while another process may be staging it.
func TestStagingIsSwept(t *testing.T) {
	path := madeFile(t)
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	check(t, s.write(t.Context(), func(tx *tx) error {
		if err := exec(tx.Conn, "INSERT INTO body(id, size, csize, codec, prefix, env, structure) VALUES(9, 1, 1, 0, x'', x'', x'')"); err != nil {
			return err
		}
		for n := range int64(100) { // more than one slice
			if err := exec(tx.Conn, "INSERT INTO chunk(id, data) VALUES(?, x'00')", chunkID(9, n)); err != nil {
				return err
			}
		}
		return exec(tx.Conn, "INSERT INTO staging(body) VALUES(9)")
	}))
	other, err := Open(t.Context(), path, Options{})
	check(t, err)
	if n := count(t, other, "SELECT count(*) FROM staging"); n != 1 {
		t.Error("another process's staging was swept while it lives")
	}
	check(t, other.Close())
	check(t, s.Close())
	s = openStore(t, path)
	eventually(t, "the staged body to go", func() bool {
		return count(t, s, "SELECT (SELECT count(*) FROM staging) + (SELECT count(*) FROM dead) + (SELECT count(*) FROM chunk) + (SELECT count(*) FROM body)") == 0
	})
}

// A kill in the middle of a checkpoint leaves a header that promises more pages than the file has.
func TestKilledInCheckpoint(t *testing.T) {
	source := madeFile(t)
	s, err := Open(t.Context(), source, Options{})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	check(t, s.write(t.Context(), func(tx *tx) error {
		return exec(tx.Conn, "INSERT INTO secret(name, value) VALUES('large', zeroblob(200000))")
	}))
	path := filepath.Join(t.TempDir(), "copy.db")
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(source + end)
		check(t, err)
		if end == "" {
			b[31] += 99 // the size in pages, as the log has it
		}
		check(t, os.WriteFile(path+end, b, 0o600))
	}
	killed := openStore(t, path)
	if n := count(t, killed, "SELECT length(value) FROM secret"); n != 200000 {
		t.Errorf("%d octets are left", n)
	}
}

// eventually waits for a condition of which another goroutine takes care.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
