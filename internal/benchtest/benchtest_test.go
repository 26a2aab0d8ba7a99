// Package benchtest measures the real binary from outside, as a user's machine would run it: memory, rates, bytes written,
// time to start. It has benchmarks alone, and no figure fails one: they are to be read.
//
//	go test -bench . ./internal/benchtest                        all of it, some minutes
//	go test -bench . -benchtime 1x -short ./internal/benchtest   a small population: does it still run
//
// The binary is built once, and one file with a mailbox of 100,000 messages is filled once, through SMTP. An op is a round
// of many messages, so the figures to read are those with a unit of their own. Sizes are octets, MB is 1,000,000 of them
// and MiB 1,048,576. The definitions are those of the program mailbench, with which other servers were measured.
//
// BenchmarkQueueDrain also measures Postfix and Exim of internal/peertest, with the same mail to the same sink.
package benchtest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	domain   = "example.test"
	ana      = "ana@" + domain // owns the large mailbox
	pia      = "pia@" + domain // owns the one that POP3 fetches
	password = "correct horse battery"

	messageSize = 10 << 10 // octets, of every message where nothing else is said
	smallSize   = 3 << 10  // octets, "a few KB"
)

// folder holds the binary and the filled file while the benchmarks run.
var folder string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "buzon-bench-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	return m.Run()
}

// size is n, or few in a short run.
func size(n, few int) int {
	if testing.Short() {
		return few
	}
	return n
}

// binary builds the appliance as it is released.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "buzon")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "buzon")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// population is how many messages the large mailbox and that for POP3 hold.
func population() (large, pop3 int) { return size(100_000, 1000), size(10_000, 500) }

// filled is a file with the population, made once a run, without a search index, which would be made for minutes beside
// what is measured. One appliance at a time may use it; SMTP adds to it, so the large mailbox holds at least its population.
var filled = sync.OnceValues(func() (string, error) {
	data := filepath.Join(folder, "filled.db")
	if err := makeAccounts(data); err != nil {
		return "", err
	}
	if err := command(data, "", "settings", "set", "search.index", "no"); err != nil {
		return "", err
	}
	a, err := launch(data)
	if err != nil {
		return "", err
	}
	large, pop3 := population()
	err = errors.Join(fill(a, ana, large, messageSize), fill(a, pia, pop3, smallSize), a.stop())
	syscall.Sync() // else the kernel writes it out while something is measured
	return data, err
})

func filledFile(b *testing.B) string {
	b.Helper()
	b.StopTimer()
	defer b.StartTimer()
	data, err := filled()
	if err != nil {
		b.Fatalf("fill a file: %v", err)
	}
	return data
}

// freshFile is a new file with the accounts and no mail.
func freshFile(b *testing.B, dir string) string {
	b.Helper()
	data := filepath.Join(dir, "fresh.db")
	if err := makeAccounts(data); err != nil {
		b.Fatal(err)
	}
	return data
}

// eachFile runs f with a new file and with the filled one.
func eachFile(b *testing.B, f func(b *testing.B, data string)) {
	b.Run("file=fresh", func(b *testing.B) { f(b, freshFile(b, b.TempDir())) })
	b.Run("file=filled", func(b *testing.B) { f(b, filledFile(b)) })
}

// fill delivers n messages. Many connections share the store's commits.
func fill(a *appliance, to string, n, octets int) error {
	const conns = 24
	return parallel(conns, func(i int) error {
		c, err := dialSMTP(a.addr["smtp"])
		if err != nil {
			return err
		}
		defer c.close()
		for k := i; k < n; k += conns {
			if err := c.deliver(to, newMessage(k, to, octets)); err != nil {
				return err
			}
		}
		return nil
	})
}

// parallel runs f n times at once and joins the errors.
func parallel(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// perSecond reports a rate, and what the appliance's processor time comes to for each.
func perSecond(b *testing.B, a *appliance, n int, before time.Duration) {
	b.ReportMetric(0, "ns/op") // of a round: says nothing
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(float64((a.cpu()-before).Microseconds())/float64(max(n, 1)), "cpu-µs/msg")
}
