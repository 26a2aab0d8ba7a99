package benchtest

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkIMAPSelect is SELECT of the large mailbox by the first to ask after a start, and again.
func BenchmarkIMAPSelect(b *testing.B) {
	data := filledFile(b)
	var first, again time.Duration
	for b.Loop() {
		a, c := startIMAP(b, data)
		t0 := time.Now()
		do(b, c, "SELECT INBOX")
		t1 := time.Now()
		do(b, c, "SELECT INBOX")
		first, again = first+t1.Sub(t0), again+time.Since(t1)
		if err := a.stop(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(first)/float64(b.N), "first-ms")
	b.ReportMetric(milliseconds(again)/float64(b.N), "again-ms")
}

// BenchmarkIMAPFetch is one FETCH of many messages.
func BenchmarkIMAPFetch(b *testing.B) {
	all, _ := population()
	for _, t := range []struct {
		name, items string
		n           int
	}{
		{"flags", "FLAGS", all},
		{"structure", "(ENVELOPE BODYSTRUCTURE)", min(all, 10_000)},
		{"body", "BODY.PEEK[]", min(all, 10_000)},
	} {
		b.Run(t.name, func(b *testing.B) {
			a, c := startIMAP(b, filledFile(b))
			do(b, c, "EXAMINE INBOX")
			n, before := 0, a.cpu()
			for b.Loop() {
				c.fetches = 0
				do(b, c, "FETCH 1:%d %s", t.n, t.items)
				if c.fetches != t.n {
					b.Fatalf("%d FETCH responses for %d messages", c.fetches, t.n)
				}
				n += t.n
			}
			perSecond(b, a, n, before)
		})
	}
}

// BenchmarkIMAPAppend is APPEND of one message after the other on each connection, into a new mailbox.
func BenchmarkIMAPAppend(b *testing.B) {
	for _, conns := range []int{1, 10} {
		b.Run(fmt.Sprintf("conns=%d", conns), func(b *testing.B) {
			a := start(b, freshFile(b, b.TempDir()))
			clients := make([]*imapClient, conns)
			for i := range clients {
				clients[i] = openIMAP(b, a)
			}
			each := size(1000, 200) / conns
			n, before := 0, a.cpu()
			for b.Loop() {
				b.StopTimer()
				round := messages(n, each*conns, ana, messageSize)
				b.StartTimer()
				appendAll(b, clients, round)
				n += len(round)
			}
			perSecond(b, a, n, before)
		})
	}
}

// appendAll gives each client its share of the messages.
func appendAll(b *testing.B, clients []*imapClient, round [][]byte) {
	b.Helper()
	err := parallel(len(clients), func(i int) error {
		for k := i; k < len(round); k += len(clients) {
			if err := clients[i].add(round[k]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func openIMAP(b *testing.B, a *appliance) *imapClient {
	b.Helper()
	c, err := dialIMAP(a.addr["imap"], false, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.conn.Close() })
	return c
}

func startIMAP(b *testing.B, data string) (*appliance, *imapClient) {
	b.Helper()
	a := start(b, data)
	return a, openIMAP(b, a)
}

func do(b *testing.B, c *imapClient, format string, args ...any) {
	b.Helper()
	if err := c.do(format, args...); err != nil {
		b.Fatal(err)
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
