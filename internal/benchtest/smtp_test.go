package benchtest

import (
	"fmt"
	"io"
	"sync/atomic"
	"testing"
)

// BenchmarkSMTP is how fast messages are taken: each connection waits for every reply, and a message counts once its last
// 250 has come, when it is on disk and in the mailbox.
func BenchmarkSMTP(b *testing.B) {
	eachFile(b, func(b *testing.B, data string) {
		for _, conns := range []int{1, 10} {
			b.Run(fmt.Sprintf("conns=%d", conns), func(b *testing.B) {
				a := start(b, data)
				n := 0
				s := openSenders(b, a, conns)
				before := a.cpu()
				for b.Loop() {
					b.StopTimer()
					round := messages(n, size(1000+400*conns, 200), ana, messageSize)
					b.StartTimer()
					s.deliver(b, round)
					n += len(round)
				}
				perSecond(b, a, n, before)
			})
		}
	})
}

// senders are open connections that share the work.
type senders []*smtpClient

func openSenders(b *testing.B, a *appliance, n int) senders {
	b.Helper()
	var all senders
	for range n {
		c, err := dialSMTP(a.addr["smtp"])
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(c.close)
		all = append(all, c)
	}
	return all
}

func (s senders) deliver(b *testing.B, round [][]byte) {
	b.Helper()
	var next atomic.Int64
	err := parallel(len(s), func(i int) error {
		for {
			k := int(next.Add(1)) - 1
			if k >= len(round) {
				return nil
			}
			if err := s[i].deliver(ana, round[k]); err != nil {
				return err
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
}

type smtpClient struct{ *wire }

func dialSMTP(addr string) (*smtpClient, error) {
	w, err := dial(addr, false, nil)
	if err != nil {
		return nil, err
	}
	c := &smtpClient{w}
	if err := c.reply("220"); err != nil {
		return nil, err
	}
	c.printf("EHLO mail.sender.test\r\n")
	return c, c.reply("250")
}

// reply sends what is buffered and reads a reply, which may have several lines.
func (c *smtpClient) reply(want string) error {
	for {
		line, err := c.expect(want)
		if err != nil || len(line) <= 3 || line[3] != '-' {
			return err
		}
	}
}

func (c *smtpClient) begin(from, to string) error {
	for _, cmd := range []struct{ line, want string }{
		{"MAIL FROM:<" + from + ">", "250"},
		{"RCPT TO:<" + to + ">", "250"},
		{"DATA", "354"},
	} {
		c.printf("%s\r\n", cmd.line)
		if err := c.reply(cmd.want); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends one message, which has no line that begins with a dot.
func (c *smtpClient) deliver(to string, msg []byte) error {
	return c.deliverFrom(to, func(w io.Writer) error {
		_, err := w.Write(msg)
		return err
	})
}

func (c *smtpClient) deliverFrom(to string, write func(io.Writer) error) error {
	return c.transfer("load@sender.test", to, write)
}

func (c *smtpClient) transfer(from, to string, write func(io.Writer) error) error {
	if err := c.begin(from, to); err != nil {
		return err
	}
	if err := write(c.w); err != nil {
		return err
	}
	c.printf(".\r\n")
	return c.reply("250")
}

func (c *smtpClient) close() {
	c.printf("QUIT\r\n")
	c.reply("221")
	c.conn.Close()
}
