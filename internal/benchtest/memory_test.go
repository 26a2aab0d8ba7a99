package benchtest

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// rest is how long the appliance is left alone before its memory is read.
// By then the appliance has given back what only its start needed.
func rest() { time.Sleep(time.Duration(size(5000, 300)) * time.Millisecond) }

// BenchmarkIdle is what `serve` holds when nobody is there.
func BenchmarkIdle(b *testing.B) {
	eachFile(b, func(b *testing.B, data string) {
		total := int64(0)
		for b.Loop() {
			a := start(b, data)
			if _, err := greetings(a); err != nil {
				b.Fatal(err)
			}
			rest()
			total += a.memory(b, "VmRSS")
			if err := a.stop(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(mib(total)/float64(b.N), "RSS-MiB")
	})
}

// BenchmarkLargeMessage is what one message of 50 MB adds to the peak of memory after small traffic of the same kind: in
// through SMTP before anybody has logged in, since the check of a password has a peak of its own, then out through IMAP.
func BenchmarkLargeMessage(b *testing.B) {
	large := size(50_000_000, 5_000_000)
	var in, out, peak int64
	for b.Loop() {
		a := start(b, freshFile(b, b.TempDir()))
		s := openSenders(b, a, 1)
		s.deliver(b, messages(0, 200, ana, messageSize))
		warm := a.memory(b, "VmHWM")
		if err := s[0].deliverFrom(ana, func(w io.Writer) error { return writeLarge(w, "load@sender.test", ana, large) }); err != nil {
			b.Fatal(err)
		}
		in += a.memory(b, "VmHWM") - warm

		c := openIMAP(b, a)
		do(b, c, "SELECT INBOX")
		do(b, c, "FETCH 1:%d BODY[]", c.exists-1)
		warm, c.octets = a.memory(b, "VmHWM"), 0
		do(b, c, "FETCH %d BODY[]", c.exists)
		if c.octets < int64(large)-1 {
			b.Fatalf("%d of %d octets came back", c.octets, large)
		}
		out += a.memory(b, "VmHWM") - warm
		peak += a.memory(b, "VmHWM")
		if err := a.stop(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(mib(in)/float64(b.N), "in-MiB")
	b.ReportMetric(mib(out)/float64(b.N), "out-MiB")
	b.ReportMetric(mib(peak)/float64(b.N), "peak-MiB")
}

// BenchmarkIMAPIdle is what a phone costs that waits for mail: TLS, logged in, INBOX selected, in IDLE. It counts all that
// was not there before the first of them, the check of passwords included.
func BenchmarkIMAPIdle(b *testing.B) {
	data := filledFile(b)
	n := size(1000, 50)
	total := int64(0)
	for b.Loop() {
		a := start(b, data)
		rest()
		before := a.memory(b, "RssAnon") // pages of the program that come back are no connection's
		openIdle(b, a, 0, n)
		rest()
		total += a.memory(b, "RssAnon") - before
		if err := a.stop(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(total)/1024/float64(b.N*n), "KiB/conn")
}

// openIdle opens n connections that stay. An address has few of them, since the appliance limits how many.
func openIdle(b *testing.B, a *appliance, first, n int) []*imapClient {
	b.Helper()
	const dialers, perAddress = 8, 20
	clients := make([]*imapClient, n)
	err := parallel(dialers, func(i int) (err error) {
		for k := i; k < n && err == nil; k += dialers {
			from := net.IPv4(127, 2, byte((first+k)/perAddress), 1)
			if clients[k], err = openIdleOne(a, from); err != nil {
				err = fmt.Errorf("connection %d: %w", first+k, err)
			}
		}
		return err
	})
	b.Cleanup(func() {
		for _, c := range clients {
			if c != nil {
				c.conn.Close()
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	return clients
}

func openIdleOne(a *appliance, from net.IP) (*imapClient, error) {
	c, err := dialIMAP(a.addr["imaps"], true, from)
	if err != nil {
		return nil, err
	}
	if err := c.do("SELECT INBOX"); err != nil {
		return nil, err
	}
	return c, c.idle()
}
