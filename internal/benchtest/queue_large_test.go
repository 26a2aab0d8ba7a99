package benchtest

import (
	"errors"
	"io"
	"path/filepath"
	"testing"
)

// BenchmarkQueueLarge is what a message of 25 MB adds to the peak of memory while it is sent, after small ones went the
// same way. All were taken in by a process before, which had a peak of its own.
func BenchmarkQueueLarge(b *testing.B) {
	large, few, added, peak := size(25_000_000, 2_500_000), 200, int64(0), int64(0)
	for b.Loop() {
		s := startSink(b)
		data := filepath.Join(b.TempDir(), "large.db")
		if err := fillHeld(data, large, few); err != nil {
			b.Fatal(err)
		}
		turnTo(b, data, s.addr)
		a := start(b, data)
		s.await(b, few)
		before := a.memory(b, "VmHWM")
		if err := command(data, "", "queue", "release", "--all"); err != nil {
			b.Fatal(err)
		}
		s.await(b, few+1)
		after := a.memory(b, "VmHWM")
		added += after - before
		peak = max(peak, after)
		stop(b, a)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(mib(added)/float64(b.N), "added-MiB")
	b.ReportMetric(mib(peak), "peak-MiB")
}

// fillHeld makes a file with a large message that waits to be released, and small ones that wait for a relay.
func fillHeld(data string, large, few int) error {
	if err := makeQueue(data); err != nil {
		return err
	}
	err := fillQueue(data, func(a *appliance) error {
		c, err := dialSubmission(a)
		if err != nil {
			return err
		}
		defer c.close()
		return c.transfer(ana, recipient(0), func(w io.Writer) error { return writeLarge(w, ana, recipient(0), large) })
	})
	return errors.Join(
		err,
		command(data, "", "queue", "hold", "--all"),
		fillQueue(data, func(a *appliance) error { return submit(a, few) }),
	)
}
