package benchtest

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkPOP3 is RETR of a whole maildrop, one at a time and with many in flight.
func BenchmarkPOP3(b *testing.B) {
	for _, window := range []int{1, 100} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) {
			a := start(b, filledFile(b))
			c, err := dialPOP3(a.addr["pop3"])
			if err != nil {
				b.Fatal(err)
			}
			defer c.conn.Close() // no QUIT: nothing is marked as fetched
			_, count := population()
			n, before := 0, a.cpu()
			for b.Loop() {
				if err := c.retrieve(count, window); err != nil {
					b.Fatal(err)
				}
				n += count
			}
			perSecond(b, a, n, before)
		})
	}
}

type pop3Client struct{ *wire }

func dialPOP3(addr string) (*pop3Client, error) {
	w, err := dial(addr, false, nil)
	if err != nil {
		return nil, err
	}
	c := &pop3Client{w}
	for _, cmd := range []string{"", "USER " + pia + "\r\n", "PASS " + password + "\r\n", "STAT\r\n"} {
		c.printf("%s", cmd)
		if _, err := c.expect("+OK"); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// retrieve reads messages 1 to count with up to window RETR in flight.
func (c *pop3Client) retrieve(count, window int) error {
	asked := 0
	for got := range count {
		if got == asked || asked-got <= window/2 { // ask in batches, as a program does that pipelines
			for asked < count && asked-got < window {
				asked++
				c.printf("RETR %d\r\n", asked)
			}
		}
		if _, err := c.expect("+OK"); err != nil {
			return fmt.Errorf("RETR %d: %w", got+1, err)
		}
		if err := c.body(); err != nil {
			return fmt.Errorf("RETR %d: %w", got+1, err)
		}
	}
	return nil
}

func (c *pop3Client) body() error {
	for {
		line, err := c.line()
		if err != nil || bytes.Equal(line, []byte(".")) {
			return err
		}
	}
}
