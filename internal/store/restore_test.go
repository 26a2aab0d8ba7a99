package store

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"zombiezen.com/go/sqlite"
)

// houseOf makes a closed file with one domain in a folder.
func houseOf(t testing.TB, folder, domain string) string {
	t.Helper()
	path := filepath.Join(folder, domain+".db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	check(t, s.AddDomain(t.Context(), domain))
	check(t, s.Close())
	return path
}

// domainOf is the domain of a closed file.
func domainOf(t testing.TB, path string) string {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	all, err := s.Domains(t.Context())
	check(t, err)
	check(t, s.Close())
	var names []string
	for _, d := range all {
		names = append(names, d.Name)
	}
	return strings.Join(names, " ")
}

// killed is a copy of a file as a crash leaves it just after another domain was added: the domain is in the log alone.
func killed(t testing.TB, path, domain, to string) {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	check(t, s.AddDomain(t.Context(), domain))
	for _, end := range []string{"", logEnd} {
		b, err := os.ReadFile(path + end)
		check(t, err)
		check(t, os.WriteFile(to+end, b, 0o600))
	}
	check(t, s.Close())
}

// wanted has a copy of a file with the domain new.example wait to be taken.
func wanted(t testing.TB, path string) {
	t.Helper()
	c, err := Stage(t.Context(), path, houseOf(t, t.TempDir(), "new.example"))
	check(t, err)
	check(t, c.Commit())
}

func beside(t testing.TB, path string) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(files(t, path)))
}

// Whatever a crash left, Take ends with the new file at its place, the one before beside it, and nothing else.
func TestTakeAfterCrash(t *testing.T) {
	for name, tt := range map[string]struct {
		crash        func(t *testing.T, path string)
		before       string
		first, again bool // what Take tells
	}{
		"nothing is wanted": {crash: func(t *testing.T, path string) { check(t, remove(path+stagedEnd)) }, before: "-"},
		"wanted":            {crash: func(*testing.T, string) {}, before: "old.example", first: true},
		"the old one has its second name": {
			crash:  func(t *testing.T, path string) { check(t, link(path, path+beforeEnd)) },
			before: "old.example", first: true,
		},
		"the second name is half given": {
			crash:  func(t *testing.T, path string) { check(t, os.Link(path, path+beforeEnd+".new")) },
			before: "old.example", first: true,
		},
		"there are no links here": {
			crash:  func(t *testing.T, path string) { check(t, os.Rename(path, path+beforeEnd)) },
			before: "old.example", first: true,
		},
		"there are no links here, and it was killed": {
			crash: func(t *testing.T, path string) {
				killed(t, houseOf(t, t.TempDir(), "old.example"), "log.example", path)
				check(t, os.Rename(path, path+beforeEnd))
			},
			before: "log.example old.example", first: true,
		},
		"there was none before": {
			crash: func(t *testing.T, path string) { check(t, os.Remove(path)) }, before: "-", first: true,
		},
		"it has both names": {
			crash:  func(t *testing.T, path string) { check(t, os.Remove(path)); check(t, os.Link(path+stagedEnd, path)) },
			before: "-", first: true,
		},
		"the old one was killed": {
			crash: func(t *testing.T, path string) {
				killed(t, houseOf(t, t.TempDir(), "old.example"), "log.example", path)
			},
			before: "log.example old.example", first: true,
		},
		"of an earlier restore there is a log": {
			crash: func(t *testing.T, path string) {
				other := filepath.Join(t.TempDir(), "other.db")
				killed(t, houseOf(t, t.TempDir(), "elder.example"), "log.example", other)
				for _, end := range []string{"", logEnd} {
					check(t, os.Rename(other+end, path+beforeEnd+end))
				}
			},
			before: "old.example", first: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "buzon.db")
			check(t, os.Rename(houseOf(t, t.TempDir(), "old.example"), path))
			wanted(t, path)
			tt.crash(t, path)
			for _, want := range []bool{tt.first, false} {
				if taken, err := Take(t.Context(), path); taken != want || err != nil {
					t.Errorf("taken %v, %v", taken, err)
				}
			}
			list := []string{"buzon.db"}
			if tt.before != "-" {
				list = append(list, "buzon.db"+beforeEnd)
				if got := domainOf(t, Before(path)); got != tt.before {
					t.Errorf("before it was %s", got)
				}
			}
			if got := beside(t, path); !slices.Equal(got, list) {
				t.Errorf("there is %q", got)
			}
			if got := domainOf(t, path); got != "new.example" && tt.first {
				t.Errorf("there is %s", got)
			}
		})
	}
}

// A file too broken to be opened is replaced, and kept for who may want to mend it.
func TestTakeDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	killed(t, houseOf(t, t.TempDir(), "old.example"), "log.example", path)
	for _, end := range []string{"", logEnd} {
		b, err := os.ReadFile(path + end)
		check(t, err)
		copy(b, strings.Repeat("no database", 20))
		check(t, os.WriteFile(path+end, b, 0o600))
	}
	wanted(t, path)
	if taken, err := Take(t.Context(), path); !taken || err != nil || domainOf(t, path) != "new.example" {
		t.Fatalf("%v %v", taken, err)
	}
	if b, err := os.ReadFile(Before(path)); err != nil || !strings.HasPrefix(string(b), "no database") {
		t.Errorf("kept is %.20q, %v", b, err)
	}
	// One whose log could not be folded in is not put back: that is what it is restored for.
	check(t, os.WriteFile(Before(path)+logEnd, []byte("log"), 0o600))
	wantErr(t, PutBack(path), ErrDamaged)
	if domainOf(t, path) != "new.example" {
		t.Error("and yet it was")
	}
}

func TestPutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	check(t, os.Rename(houseOf(t, t.TempDir(), "old.example"), path))
	wanted(t, path)
	if _, err := Take(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	check(t, PutBack(path))
	if got := domainOf(t, path); got != "old.example" || !Staged(path) {
		t.Errorf("there is %s", got)
	}
	if done, err := Withdraw(path); !done || err != nil || Staged(path) {
		t.Errorf("%v %v", done, err)
	}
	if done, err := Withdraw(path); done || err != nil {
		t.Errorf("again: %v %v", done, err)
	}
	if err := PutBack(path); err == nil {
		t.Error("put back twice")
	}
}

// While somebody works on the file it stays, and it is waited for him for a while.
func TestTakeInUse(t *testing.T) {
	path := houseOf(t, t.TempDir(), "old.example")
	wanted(t, path)
	other, err := os.Open(path)
	check(t, err)
	check(t, stay(other))
	synctest.Test(t, func(t *testing.T) {
		taken, err := Take(t.Context(), path)
		if taken || !errors.Is(err, ErrInUse) {
			t.Errorf("%v %v", taken, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if taken, err := Take(ctx, path); taken || !errors.Is(err, context.Canceled) {
			t.Errorf("%v %v", taken, err)
		}
	})
	if got := domainOf(t, path); got != "old.example" || !Staged(path) {
		t.Errorf("there is %s", got)
	}
	check(t, other.Close())
	if taken, err := Take(t.Context(), path); !taken || err != nil {
		t.Errorf("%v %v", taken, err)
	}
}

// Those who open the file while it is replaced have the old one or the new one, and never write into the other.
func TestTakeRace(t *testing.T) {
	path := houseOf(t, t.TempDir(), "old.example")
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for range 15 {
				s, err := Open(t.Context(), path, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				all, err := s.Domains(t.Context())
				if err != nil || len(all) != 1 {
					t.Errorf("%v %v", all, err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Go(func() {
		for range 10 {
			wanted(t, path)
			if _, err := Take(t.Context(), path); err != nil && !errors.Is(err, ErrInUse) {
				t.Error(err)
			}
		}
	})
	group.Wait()
	if _, err := Take(t.Context(), path); err != nil {
		t.Error(err)
	}
	if got := domainOf(t, path); got != "new.example" {
		t.Errorf("there is %s", got)
	}
}

// What can take the place of a file, and what cannot. Nothing of it is changed, and of what cannot nothing is left.
func TestStage(t *testing.T) {
	elder := func(t *testing.T, path string) { // as version 10 left it
		c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
		check(t, err)
		for n := int64(1); n <= 10; n++ {
			check(t, step(t.Context(), c, n))
		}
		check(t, exec(c, "INSERT INTO domain(name, created) VALUES('elder.example', 1)"))
		check(t, c.Close())
	}
	for name, tt := range map[string]struct {
		make func(t *testing.T, path string)
		err  error
		want string
	}{
		"a backup": {make: func(t *testing.T, path string) {
			s := openStore(t, houseOf(t, t.TempDir(), "some.example"))
			check(t, s.Backup(t.Context(), path))
		}, want: "some.example"},
		"killed": {make: func(t *testing.T, path string) {
			killed(t, houseOf(t, t.TempDir(), "some.example"), "log.example", path)
		}, want: "log.example some.example"},
		"an elder": {make: elder, want: "elder.example"},
		"in use": {make: func(t *testing.T, path string) {
			check(t, os.Rename(houseOf(t, t.TempDir(), "some.example"), path))
			s, err := Open(t.Context(), path, Options{})
			check(t, err)
			t.Cleanup(func() { check(t, s.Close()) })
		}, err: ErrInUse},
		"a letter": {make: func(t *testing.T, path string) { check(t, os.WriteFile(path, []byte("Dear Ana,"), 0o600)) }, err: ErrNotBuzon},
		"another program's": {make: func(t *testing.T, path string) {
			alter(t, path, "CREATE TABLE t(a)")
		}, err: ErrNotBuzon},
		// Somebody else's code must not run in ours.
		"with a trigger": {make: func(t *testing.T, path string) {
			check(t, os.Rename(houseOf(t, t.TempDir(), "some.example"), path))
			alter(t, path, "CREATE TRIGGER x AFTER INSERT ON domain BEGIN DELETE FROM account; END")
		}, err: ErrNotBuzon},
		"without a table": {make: func(t *testing.T, path string) {
			check(t, os.Rename(houseOf(t, t.TempDir(), "some.example"), path))
			alter(t, path, "DROP TABLE alias")
		}, err: ErrNotBuzon},
		"newer": {make: func(t *testing.T, path string) {
			check(t, os.Rename(houseOf(t, t.TempDir(), "some.example"), path))
			alter(t, path, "PRAGMA user_version=9999")
		}, err: ErrNewer},
		"damaged": {make: func(t *testing.T, path string) {
			check(t, os.Rename(houseOf(t, t.TempDir(), "some.example"), path))
			b, err := os.ReadFile(path)
			check(t, err)
			for i := len(b) / 2; i < len(b); i++ {
				b[i] ^= 0x55
			}
			check(t, os.WriteFile(path, b, 0o600))
		}, err: ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			from, path := filepath.Join(t.TempDir(), "from.db"), filepath.Join(t.TempDir(), "buzon.db")
			tt.make(t, from)
			was := files(t, from)
			c, err := Stage(t.Context(), path, from)
			wantErr(t, err, tt.err)
			now := files(t, from)
			delete(now, "from.db"+sharedEnd) // of who uses it
			delete(was, "from.db"+sharedEnd)
			if !maps.Equal(was, now) {
				t.Error("it was changed")
			}
			if err != nil {
				if left := beside(t, path); len(left) > 0 {
					t.Errorf("left: %q", left)
				}
				return
			}
			if got := strings.Join(c.Domains, " "); got != tt.want || c.Version < 10 || c.Version > newest() {
				t.Errorf("%+v", c.Contents)
			}
			info, err := os.Stat(c.staged)
			if err != nil || info.Mode() != 0o600 || len(beside(t, path)) != 1 {
				t.Errorf("%v %v, beside it %q", info, err, beside(t, path))
			}
			check(t, c.Commit())
			if taken, err := Take(t.Context(), path); !taken || err != nil || domainOf(t, path) != tt.want {
				t.Errorf("%v %v", taken, err)
			}
		})
	}
}

// A page has octets; they are told apart from those of another process, and go with a crash.
func TestReceive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon [home].db")
	check(t, os.Rename(houseOf(t, t.TempDir(), "old.example"), path))
	s := openMail(t)
	check(t, s.AddDomain(t.Context(), "new.example"))
	acc, _ := person(t, s, "ana@new.example", 0)
	accept(t, s, mail("one", "text"), Delivery{Account: acc})
	from := filepath.Join(t.TempDir(), "from.db")
	check(t, s.Backup(t.Context(), from))
	f, err := os.Open(from)
	check(t, err)
	defer f.Close()
	c, staged, err := Receive(t.Context(), path, f)
	check(t, err)
	if c.Accounts != 1 || c.Messages != 1 || c.Octets == 0 || c.Newest.IsZero() {
		t.Errorf("%+v", c)
	}
	held, err := Stage(t.Context(), path, from)
	check(t, err)
	check(t, SweepStaged(path))
	if got := beside(t, path); !slices.Equal(got, []string{"buzon [home].db", filepath.Base(held.staged)}) {
		t.Errorf("swept, there is %q", got)
	}
	if err := Commit(path, staged); err == nil {
		t.Error("what was swept was wanted")
	}
	check(t, held.Discard())
	if got := beside(t, path); len(got) != 1 {
		t.Errorf("discarded, there is %q", got)
	}
	for _, bad := range []string{"", path, from, path + restoringEnd + "/../../etc/passwd"} {
		if err := Commit(path, bad); err == nil {
			t.Errorf("%q was wanted", bad)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Receive(ctx, path, f); !errors.Is(err, context.Canceled) || len(beside(t, path)) != 1 {
		t.Errorf("%v, there is %q", err, beside(t, path))
	}
}
