package benchtest

import (
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkQueueDead is how often a host is tried that is down while a thousand messages wait for it: connections to a relay
// that hangs up, and look-ups of a domain whose mail server has no address for now. The second round begins after a minute.
func BenchmarkQueueDead(b *testing.B) {
	b.Run("relay", func(b *testing.B) {
		r := startRelay(b, true)
		data := freshFile(b, b.TempDir())
		sendBy(b, data, r.addr)
		countAttempts(b, data, func() int64 { return r.conns.Load() })
	})
	b.Run("domain", func(b *testing.B) {
		n := startNames(b)
		data := freshFile(b, b.TempDir())
		askNames(b, data, n.addr)
		countAttempts(b, data, func() int64 { return n.lookups.Load() })
	})
}

func countAttempts(b *testing.B, empty string, attempts func() int64) {
	if err := enqueue(empty, size(1000, 100), 1); err != nil {
		b.Fatal(err)
	}
	rounds, total := size(2, 1), int64(0)
	for b.Loop() {
		data := filepath.Join(b.TempDir(), "queue.db")
		if err := copyFile(empty, data); err != nil {
			b.Fatal(err)
		}
		before := attempts()
		a := start(b, data)
		// A minute, a tenth more at most, and some time for what should not happen.
		time.Sleep(time.Duration(rounds-1)*66*time.Second + time.Duration(size(5000, 1000))*time.Millisecond)
		total += attempts() - before
		stop(b, a)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(total)/float64(b.N*rounds), "attempts/round")
}
