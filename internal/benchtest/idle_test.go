package benchtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
)

// BenchmarkIMAPIdleNews is how long a new mail takes to a thousand phones that wait for it over TLS, from the moment
// it was accepted, and what they cost in all, the appliance included.
func BenchmarkIMAPIdleNews(b *testing.B) {
	n, mails := size(1000, 50), size(20, 3)
	a := start(b, filledFile(b))
	s := openSenders(b, a, 1)
	clients := openIdle(b, a, 0, n)
	rest()
	idle := a.memory(b, "VmRSS")
	news := make(chan time.Time, n)
	for _, c := range clients {
		c.r = bufio.NewReaderSize(c.conn, 512) // nothing is buffered: the server waits
		go c.watch(news)
	}
	var took []time.Duration
	for b.Loop() {
		if len(took) > 0 {
			break
		}
		for _, m := range messages(0, mails, ana, smallSize) {
			s.deliver(b, [][]byte{m})
			took = append(took, spread(b, n, news)...)
			time.Sleep(100 * time.Millisecond)
		}
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(mib(idle), "RSS-MiB")
	b.ReportMetric(mib(a.memory(b, "VmHWM")), "peak-MiB")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// watch tells when EXISTS comes.
func (c *imapClient) watch(news chan<- time.Time) {
	for {
		c.conn.SetDeadline(time.Now().Add(patience))
		line, err := c.line()
		if err != nil {
			return
		}
		if bytes.HasSuffix(line, []byte(" EXISTS")) {
			news <- time.Now()
		}
	}
}

// spread is how long from now the news takes to n.
func spread(b *testing.B, n int, news <-chan time.Time) (took []time.Duration) {
	b.Helper()
	accepted := time.Now()
	for len(took) < n {
		select {
		case at := <-news:
			took = append(took, max(at.Sub(accepted), 0))
		case <-time.After(10 * time.Second):
			b.Fatalf("the news came to %d of %d", len(took), n)
		}
	}
	return took
}

// BenchmarkIMAPIdleCompressed is what a phone costs that waits with COMPRESS: fresh, and one that has said so much that
// all of it has to be remembered.
func BenchmarkIMAPIdleCompressed(b *testing.B) {
	for name, said := range map[string]int{"said=little": 0, "said=much": 100_000} {
		b.Run(name, func(b *testing.B) {
			n := size(480, 50)
			a := start(b, filledFile(b))
			b.Cleanup(func() { a.stop() })
			rest()
			before, done := a.memory(b, "VmRSS"), false // of nobody: what is made once for all is shared among n
			for b.Loop() {
				if done {
					break
				}
				done = true
				compressAll(b, openIdle(b, a, 0, n), said)
				rest()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(a.memory(b, "VmRSS")-before)/1024/float64(n), "KiB/conn")
		})
	}
}

// compressAll takes clients out of IDLE, and into it again with COMPRESS.
func compressAll(b *testing.B, clients []*imapClient, said int) {
	b.Helper()
	for i, c := range clients {
		if err := c.compress(said); err != nil {
			b.Fatalf("connection %d: %v", i, err)
		}
	}
}

func (c *imapClient) compress(said int) error {
	c.printf("DONE\r\n")
	if err := c.flush(); err != nil {
		return err
	}
	if err := c.wait(fmt.Sprintf("b%d", c.tag)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := c.do("COMPRESS DEFLATE"); err != nil {
		return err
	}
	w, err := flate.NewWriter(c.conn, 1)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(flate.NewReader(c.conn), 512)
	for range said / 1000 {
		fmt.Fprintf(w, "%s NOOP\r\n", strings.Repeat("x", 990))
	}
	io.WriteString(w, "y IDLE\r\n")
	if err := w.Flush(); err != nil {
		return err
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil || line[0] == '+' {
			return err
		}
	}
}
