package store

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	manyJobs    = 100_000
	manyDomains = 1000
)

// fillQueue makes a file with jobs due, each in an envelope of its own, all of one body.
func fillQueue(t testing.TB, jobs, domains int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "mail.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	send(t, s, "first@d0.test")
	check(t, s.write(t.Context(), func(tx *tx) error {
		var body int64
		if body, err = number(tx.Conn, "SELECT body FROM envelope"); err != nil {
			return err
		}
		p := acceptance{content: &content{}, logID: "log"}
		for i := 1; i < jobs; i++ {
			o := outgoing{Outgoing{Account: 1, To: recipients(fmt.Sprintf("r%d@d%d.test", i, i%domains))}, &variant{body: BodyID(body)}}
			if err := p.enqueue(tx, &o); err != nil {
				return err
			}
		}
		return run(tx.Conn, "INSERT INTO share(body, refs) VALUES(?, ?)", body, int64(jobs))
	}))
	check(t, s.Close())
	return path
}

// resident is the memory of this process, in octets.
func resident(t testing.TB) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	check(t, err)
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	check(t, err)
	return kb << 10
}

// A queue of 100,000 for 1,000 domains gives its first jobs without being read,
// also when all domains are busy but the last. What it takes is told here, and
// measured by BenchmarkQueueStart of internal/benchtest; the limits below only
// find a queue that is held in memory.
func TestLargeQueue(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("a large file")
	}
	path := fillQueue(t, manyJobs, manyDomains)
	debug.FreeOSMemory() // what making the file took must not count as room
	before, start := resident(t), time.Now()
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	b := claim(t, s, time.Now(), 20)
	opened := time.Since(start)
	n := 0
	last, ok, err := s.Claim(t.Context(), time.Now(), func(string) bool { n++; return n < manyDomains }, 20, everyHour)
	check(t, err)
	if len(b.Queued) != 20 || !ok || len(last.Queued) != 20 || last.Domain == b.Domain {
		t.Errorf("claimed %d and %d", len(b.Queued), len(last.Queued))
	}
	listed := 0
	check(t, s.Queue(t.Context(), func(Queued) error { listed++; return nil }))
	jobs, _, err := s.QueueSize(t.Context())
	check(t, err)
	more := resident(t) - before
	t.Logf("open and first claim %v, %d KB more with a listing of %d", opened, more>>10, listed)
	if opened > time.Minute || more > 64<<20 || listed != manyJobs || jobs != manyJobs {
		t.Errorf("open and first claim took %v, %d KB more, %d of %d jobs listed", opened, more>>10, listed, jobs)
	}
}

// Jobs claimed and settled one by one, as a connection does, and the questions of
// the dispatcher, in a queue of 100,000.
func BenchmarkQueue(b *testing.B) {
	path := fillQueue(b, manyJobs, manyDomains)
	s := openStore(b, path)
	now := time.Now()
	b.Run("next due", func(b *testing.B) {
		for range b.N {
			_, _, err := s.NextDue(b.Context(), free)
			check(b, err)
		}
	})
	b.Run("claim and settle", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			batch := claim(b, s, now, 1)
			settleOne(b, s, Outcome{Job: batch.Queued[0].Jobs[0].ID, Fate: Delivered, Reply: taken, Host: "mx"})
		}
	})
	b.Run("claim 32 and settle each", func(b *testing.B) {
		b.ReportAllocs()
		for done := 0; done < b.N; {
			batch := claim(b, s, now, 32)
			for _, q := range batch.Queued {
				settleOne(b, s, Outcome{Job: q.Jobs[0].ID, Fate: Delivered, Reply: taken, Host: "mx"})
				done++
			}
		}
	})
	b.Run("size", func(b *testing.B) {
		for range b.N {
			_, _, err := s.QueueSize(b.Context())
			check(b, err)
		}
	})
	b.Run("overdue of a domain", func(b *testing.B) {
		for range b.N {
			_, err := s.Overdue(b.Context(), "d7.test", now.Add(-time.Hour), now.Add(-time.Hour), 20)
			check(b, err)
		}
	})
}

// A round in which a domain with 1,000 jobs could not be reached.
func BenchmarkDeadDomain(b *testing.B) {
	s := openStore(b, fillQueue(b, 1000, 1))
	claim(b, s, time.Now(), 20)
	for range b.N {
		check(b, s.DeferDomain(b.Context(), "d0.test", time.Now().Add(time.Hour), down, "mx"))
	}
}
