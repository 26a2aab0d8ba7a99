package benchtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

// BenchmarkQueueStart is what a queue of 100,000 jobs for 1,000 domains costs: the time from the start of the process until
// it is ready and until the first message makes it knock somewhere, and the memory that it holds some seconds later, and
// had at most, beyond that of the same binary with nothing to send. A relay that says nothing keeps all of them waiting;
// with name servers that fail each domain is tried and put off meanwhile.
func BenchmarkQueueStart(b *testing.B) {
	full := freshFile(b, b.TempDir())
	if err := enqueue(full, size(100_000, 500), size(1000, 50)); err != nil {
		b.Fatalf("fill a queue: %v", err)
	}
	b.Run("way=relay", func(b *testing.B) {
		measureStart(b, full, func(data string) <-chan time.Time {
			r := startRelay(b, false)
			sendBy(b, data, r.addr)
			return r.first
		})
	})
	b.Run("way=direct", func(b *testing.B) {
		measureStart(b, full, func(data string) <-chan time.Time {
			n := startNames(b)
			askNames(b, data, n.addr)
			return n.first
		})
	})
}

// measureStart starts the appliance with nothing to do and with a copy of full, after turn has told each where to send; the
// channel from turn tells when something came there.
func measureStart(b *testing.B, full string, turn func(data string) <-chan time.Time) {
	var ready, first time.Duration
	var held, peak int64
	for b.Loop() {
		empty := freshFile(b, b.TempDir())
		turn(empty)
		a := start(b, empty)
		restLong()
		held -= a.memory(b, "VmRSS")
		peak -= a.memory(b, "VmHWM")
		stop(b, a)

		data := filepath.Join(b.TempDir(), "full.db")
		if err := copyFile(full, data); err != nil {
			b.Fatal(err)
		}
		came := turn(data)
		a = start(b, data)
		ready += time.Since(a.began)
		first += (<-came).Sub(a.began)
		restLong()
		held += a.memory(b, "VmRSS")
		peak += a.memory(b, "VmHWM")
		stop(b, a)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(ready)/float64(b.N), "ready-ms")
	b.ReportMetric(milliseconds(first)/float64(b.N), "first-ms")
	b.ReportMetric(mib(held)/float64(b.N), "held-MiB")
	b.ReportMetric(mib(peak)/float64(b.N), "peak-MiB")
}

// restLong is rest until the appliance has given back what only its start needed.
func restLong() { time.Sleep(time.Duration(size(6000, 300)) * time.Millisecond) }

func stop(b *testing.B, a *appliance) {
	b.Helper()
	if err := a.stop(); err != nil {
		b.Fatal(err)
	}
}

// enqueue puts mail into a file as submission does, and without its limits, which would take this for a stolen password:
// each message is written to 100 domains, and each of them gets an envelope of its own.
func enqueue(data string, jobs, domains int) error {
	ctx := context.Background()
	st, err := store.Open(ctx, data, store.Options{})
	if err != nil {
		return err
	}
	const each = 100 // envelopes of one message
	err = parallel(8, func(i int) error {
		for first := i * each; first < jobs; first += 8 * each {
			if err := enqueueOne(ctx, st, first, min(each, jobs-first), domains); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, st.Close())
}

func enqueueOne(ctx context.Context, st *store.Store, first, n, domains int) error {
	from, err := message.ParseAddress(ana)
	if err != nil {
		return err
	}
	text := newSubmission(first, "everybody@"+abroad, smallSize)
	in := store.Incoming{From: from, Body: io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text))), LogID: fmt.Sprint(first)}
	for k := first; k < first+n; k++ {
		to := message.Address{Local: fmt.Sprintf("r%d", k), Domain: fmt.Sprintf("d%d.%s", k%domains, abroad)}
		in.Send = append(in.Send, store.Outgoing{From: from, To: []store.Recipient{{Address: to}}})
	}
	return st.Accept(ctx, in)
}
