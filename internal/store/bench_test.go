package store

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"buzon/internal/message"
)

func openStore(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newStore(t testing.TB) *Store {
	t.Helper()
	return openStore(t, filepath.Join(t.TempDir(), "buzon.db"))
}

// One small write a transaction, from one writer and from eight that share commits.
func BenchmarkSmallTx(b *testing.B) {
	for _, writers := range []int{1, 8} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := newStore(b)
			var n atomic.Int64
			b.SetParallelism(max(1, writers/2)) // times GOMAXPROCS
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					id := n.Add(1)
					err := s.write(b.Context(), func(tx *tx) error {
						tx.touch(1, 1)
						return run(tx.Conn, "INSERT INTO share(body, refs) VALUES(?, 2)", id)
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
		})
	}
}

// A log-in by what was right a moment ago, by an app password, and by the account's own.
func BenchmarkAuthenticate(b *testing.B) {
	s, ana := home(b)
	app, err := s.AddAppPassword(b.Context(), ana, "phone")
	check(b, err)
	for _, c := range []struct {
		name, password string
		forget         bool
	}{{"remembered", "tortilla", false}, {"app", app, true}, {"argon2id", "tortilla", true}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if c.forget {
					s.logins.forgetAll()
				}
				_, err := s.Authenticate(b.Context(), "ana@example.test", c.password)
				check(b, err)
			}
		})
	}
}

// RCPT: an account by its name, one behind an alias, and nobody.
func BenchmarkResolve(b *testing.B) {
	s, ana := home(b)
	check(b, s.AddAlias(b.Context(), address(b, "info@example.test"), []message.Address{ana}))
	for _, name := range []string{"ana", "info", "nobody"} {
		a := address(b, name+"@example.test")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, err := s.Resolve(b.Context(), a); err != nil && name != "nobody" {
					b.Fatal(err)
				}
			}
		})
	}
}
