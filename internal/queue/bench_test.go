package queue

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
	"buzon/internal/store"
)

// nullSession takes everything at once.
type nullSession struct {
	sent *atomic.Int64
	gate chan struct{} // nil, or what Send waits for
}

func (s nullSession) Send(_ context.Context, m smtpclient.Mail) ([]message.Reply, error) {
	if s.gate != nil {
		s.sent.Add(1)
		<-s.gate
		return make([]message.Reply, len(m.To)), io.ErrUnexpectedEOF
	}
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return nil, err
	}
	s.sent.Add(1)
	replies := make([]message.Reply, len(m.To))
	for i := range replies {
		replies[i] = ok
	}
	return replies, nil
}

func (nullSession) Usable() bool    { return true }
func (nullSession) Host() string    { return "mx.null.test" }
func (nullSession) TLS() string     { return "" }
func (nullSession) RelaysDSN() bool { return true }
func (nullSession) Close()          {}

func benchStore(tb testing.TB, path string) *store.Store {
	st, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return st
}

func benchQueue(st *store.Store, s nullSession, connections int) *Queue {
	return &Queue{
		Store: st,
		Open:  func(context.Context, string) (Session, error) { return s, nil },
		Route: func(_ context.Context, domain string) (string, int) { return domain, connections },
		Name:  func() string { return "mail.example.test" },
		Log:   slog.New(slog.DiscardHandler),
	}
}

// fill queues jobs for domains, one message each.
func fill(tb testing.TB, st *store.Store, jobs, domains int) {
	text := "From: ana@example.test\r\nSubject: x\r\n\r\n" + strings.Repeat("A line of text in a message of 2 KB, as people write it.\r\n", 35)
	const group = 1000 // in one transaction
	for i := 0; i < jobs; i += group {
		var out []store.Outgoing
		for n := i; n < min(i+group, jobs); n++ {
			to := message.Address{Local: fmt.Sprintf("u%d", n), Domain: fmt.Sprintf("d%d.test", n%domains)}
			out = append(out, store.Outgoing{From: message.Address{Local: "ana", Domain: "example.test"}, To: []store.Recipient{{Address: to}}})
		}
		in := store.Incoming{Body: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))), Send: out, LogID: "bench"}
		if err := st.Accept(tb.Context(), in); err != nil {
			tb.Fatal(err)
		}
	}
}

// run runs q until the end of the test.
func run(q *Queue) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { q.Run(ctx) })
	return func() { cancel(); done.Wait() }
}

func await(tb testing.TB, what string, cond func() bool) {
	tb.Helper()
	for end := time.Now().Add(2 * time.Minute); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			tb.Fatalf("%s: waited for too long", what)
		}
	}
}

// BenchmarkQueueDrain is the rate at which a queue empties into a server that costs nothing: what claims, bodies and
// answers cost on their own. A relay takes mail for a thousand domains.
func BenchmarkQueueDrain(b *testing.B) {
	b.Run("connections=1", func(b *testing.B) { benchDrain(b, 1, 1) })
	b.Run("connections=4", func(b *testing.B) { benchDrain(b, 4, 1) })
	b.Run("relay", func(b *testing.B) { benchDrain(b, 4, 1000) })
}

func benchDrain(b *testing.B, connections, domains int) {
	const jobs = 10_000
	for b.Loop() {
		b.StopTimer()
		var sent atomic.Int64
		st := benchStore(b, filepath.Join(b.TempDir(), "mail.db"))
		fill(b, st, jobs, domains)
		q := benchQueue(st, nullSession{sent: &sent}, connections)
		q.Route = func(context.Context, string) (string, int) { return "relay:r.test:587", connections }
		b.StartTimer()
		stop := run(q)
		await(b, "drain", func() bool { return sent.Load() == jobs })
		stop()
		b.StopTimer()
		st.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(jobs)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkQueueStart is the time from the start of a process with 100,000 jobs for 1,000 domains until all connections
// send, and the memory that it holds then.
func BenchmarkQueueStart(b *testing.B) {
	path := filepath.Join(b.TempDir(), "mail.db")
	st := benchStore(b, path)
	fill(b, st, 100_000, 1000)
	st.Close()
	for b.Loop() {
		var sent atomic.Int64
		gate := make(chan struct{})
		before := heap()
		begin := time.Now()
		st := benchStore(b, path)
		stop := run(benchQueue(st, nullSession{&sent, gate}, 1))
		await(b, "start", func() bool { return sent.Load() == maxConnections })
		b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms-to-send")
		b.ReportMetric(float64(heap()-before)/1e6, "MB-held")
		close(gate)
		stop()
		st.Close()
	}
}

// heap is what the garbage collector cannot free. SQLite's memory counts: it is Go's too.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
