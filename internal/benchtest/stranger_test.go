package benchtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
)

// strangers are peers that have not logged in and send as much as they may, and then nothing more.
var strangers = []struct {
	name, service string
	encrypted     bool
	say           func(c *wire) error
}{
	{"smtp in a message", "smtp", false, func(c *wire) error { return breakOff(c, 15<<10) }},
	{"smtp in a large message", "smtp", false, func(c *wire) error { return breakOff(c, 1<<20) }},
	{"smtp in a large message under TLS", "smtp", false, func(c *wire) error {
		if err := startTLS(c); err != nil {
			return err
		}
		return breakOff(c, 1<<20)
	}},
	{"submission before log-in", "smtps", true, func(c *wire) error {
		c.printf("EHLO me\r\n%s", strings.Repeat("NOOP xxxxxxxxxxxxxxxxx\r\n", 500))
		return c.flush()
	}},
	{"imap in a command", "imaps", true, func(c *wire) error {
		c.printf("a LOGIN %s", strings.Repeat("x", 4000))
		return c.flush()
	}},
	{"imap in a literal", "imaps", true, func(c *wire) error {
		c.printf("a LOGIN {1000+}\r\n%s", strings.Repeat("x", 900))
		return c.flush()
	}},
	{"pop3 in a command", "pop3s", true, func(c *wire) error {
		c.printf("USER %s", strings.Repeat("x", 4000))
		return c.flush()
	}},
}

// BenchmarkStranger is what one such peer costs; the bar is 64 KiB.
func BenchmarkStranger(b *testing.B) {
	for _, s := range strangers {
		b.Run(s.name, func(b *testing.B) {
			n := size(400, 40)
			a := start(b, freshFile(b, b.TempDir()))
			crowd(b, a, s.service, s.encrypted, s.say, 0, 40) // what is made once for all
			rest()
			before := a.memory(b, "RssAnon")
			for b.Loop() {
				if a.memory(b, "RssAnon") > before+1<<20 {
					break // they stay: one round is all there can be
				}
				crowd(b, a, s.service, s.encrypted, s.say, 40, n)
			}
			rest()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(a.memory(b, "RssAnon")-before)/1024/float64(n), "KiB/conn")
		})
	}
}

// crowd opens n connections that stay until the benchmark ends.
func crowd(b *testing.B, a *appliance, service string, encrypted bool, say func(*wire) error, first, n int) {
	b.Helper()
	const perAddress = 20
	for i := range n {
		c, err := dial(a.addr[service], encrypted, net.IPv4(127, 3, byte((first+i)/perAddress), 1))
		if err == nil {
			b.Cleanup(func() { c.conn.Close() })
			if _, err = c.line(); err == nil {
				err = say(c)
			}
		}
		if err != nil {
			b.Fatalf("connection %d: %v", first+i, err)
		}
	}
}

// breakOff sends the first octets of a message.
func breakOff(c *wire, octets int) error {
	c.printf("EHLO me\r\nMAIL FROM:<bob@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n", ana)
	if err := c.flush(); err != nil {
		return err
	}
	for {
		line, err := c.line()
		if err != nil || bytes.HasPrefix(line, []byte("5")) {
			return fmt.Errorf("%s: %w", line, err)
		}
		if bytes.HasPrefix(line, []byte("354")) {
			break
		}
	}
	for range octets / 64 {
		c.printf("%s\r\n", strings.Repeat("x", 62))
	}
	return c.flush()
}

// startTLS is the client's side of STARTTLS.
func startTLS(c *wire) error {
	c.printf("EHLO me\r\nSTARTTLS\r\n")
	if err := c.flush(); err != nil {
		return err
	}
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		if bytes.HasPrefix(line, []byte("220")) {
			break
		}
	}
	t := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	c.conn, c.r, c.w = t, bufio.NewReaderSize(t, 4<<10), bufio.NewWriterSize(t, 64<<10)
	return t.Handshake()
}
