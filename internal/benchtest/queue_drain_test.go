package benchtest

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"buzon/internal/peertest"
)

// BenchmarkQueueDrain is how fast a full queue leaves for a relay that takes all, from the moment when it may go until
// the relay has the last: 10,000 messages of 10 KB from this appliance over so many connections, and from others on the
// same machine with their defaults. What counts are the ratios.
func BenchmarkQueueDrain(b *testing.B) {
	for _, program := range []peertest.Program{peertest.Exim(), peertest.Postfix()} {
		b.Run("from="+program.Name, func(b *testing.B) { drainPeer(b, program) })
	}
	for _, conns := range []int{1, 4, 20} {
		b.Run(fmt.Sprintf("from=Buzon/conns=%d", conns), func(b *testing.B) { drain(b, conns) })
	}
}

func drain(b *testing.B, conns int) {
	full, err := queued()
	if err != nil {
		b.Fatalf("fill a queue: %v", err)
	}
	f, cpu, peak := flow{n: size(10_000, 50)}, time.Duration(0), int64(0)
	for b.Loop() {
		s := startSink(b)
		data := filepath.Join(b.TempDir(), "queued.db")
		if err := copyFile(full, data); err != nil {
			b.Fatal(err)
		}
		turnTo(b, data, s.addr)
		if err := command(data, "", "settings", "set", "send.relay-connections", fmt.Sprint(conns)); err != nil {
			b.Fatal(err)
		}
		a := start(b, data)
		f.await(b, s, a.began)
		cpu += a.cpu()
		peak = max(peak, a.memory(b, "VmHWM"))
		if err := a.stop(); err != nil {
			b.Fatal(err)
		}
		f.check(b, s)
	}
	f.report(b)
	b.ReportMetric(float64(cpu.Microseconds())/float64(f.n*b.N), "cpu-µs/msg")
	b.ReportMetric(mib(peak), "peak-MiB")
}

// drainPeer does the same with another program.
func drainPeer(b *testing.B, program peertest.Program) {
	f := flow{n: size(10_000, 50)}
	for b.Loop() {
		s := startSink(b)
		p := peertest.Start(b, program, peertest.Options{Domain: domain, Hold: true, Routes: map[string]string{"*": s.addr}})
		if err := fillPeer(p.MX, f.n); err != nil {
			b.Fatalf("%s: %v", program.Name, err)
		}
		begin := time.Now()
		p.Release()
		f.await(b, s, begin)
		f.check(b, s)
	}
	f.report(b)
}

// flow is how n messages reach the sink, once in each round.
type flow struct {
	n            int
	first, whole time.Duration // of all rounds
}

func (f *flow) await(b *testing.B, s *sink, begin time.Time) {
	b.Helper()
	first, last := s.await(b, f.n)
	f.first += first.Sub(begin)
	f.whole += last.Sub(begin)
}

// check fails where more came than were sent.
func (f *flow) check(b *testing.B, s *sink) {
	b.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.took != f.n {
		b.Errorf("%d messages came, not %d", s.took, f.n)
	}
}

func (f *flow) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(f.first)/float64(b.N), "first-ms")
	b.ReportMetric(float64(f.n*b.N)/f.whole.Seconds(), "msg/s")
}

func fillPeer(addr string, n int) error {
	const conns = 8
	return parallel(conns, func(i int) error {
		c, err := dialSMTP(addr)
		if err != nil {
			return err
		}
		defer c.close()
		for k := i; k < n; k += conns {
			to := recipient(k)
			if err := c.submit(to, newSubmission(k, to, messageSize)); err != nil {
				return err
			}
		}
		return nil
	})
}
