package smtpconn

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// guests counts what the connections of a fixture ask of their guest.
type guests struct{ early, closed, errors atomic.Int32 }

func serveGuests(t *testing.T, g Guest) (*fixture, *guests) {
	var count guests
	return serve(t, func(o *Options) {
		o.Guest = func(c *Conn) Guest {
			c.Value = "somebody"
			all := g
			all.Early = func() string { count.early.Add(1); return "554 5.5.1 Wait for the greeting" }
			all.Closed = func() { count.closed.Add(1) }
			all.Said = func(code int) string {
				if code >= 500 && count.errors.Add(1) > 2 {
					return "421 4.7.0 Enough"
				}
				return ""
			}
			return all
		}
	}), &count
}

func (g *guests) wantClosed(t *testing.T, n int32) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); g.closed.Load() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d guests heard of the end, want %d", g.closed.Load(), n)
		}
	}
}

func TestGuestRefuses(t *testing.T) {
	f, count := serveGuests(t, Guest{Refuse: "421 4.7.0 Not now"})
	c := dial(t, f)
	c.want("421 4.7.0 Not now")
	c.wantEOF()
	count.wantClosed(t, 1)
}

// Who talks before the greeting hears no greeting; who waits does.
func TestEarlyTalker(t *testing.T) {
	f, count := serveGuests(t, Guest{Wait: 50 * time.Millisecond})
	c := dial(t, f)
	c.send("EHLO me\r\n" + envelope)
	c.want("554 5.5.1 Wait for the greeting")
	c.wantEOF()
	start := time.Now()
	c = dial(t, f)
	c.want("220 ")
	if waited := time.Since(start); waited < 40*time.Millisecond {
		t.Errorf("greeted after %v", waited)
	}
	c.send("EHLO me\r\n" + envelope + "QUIT\r\n")
	c.want("250", "250", "250", "221")
	c.wantEOF()
	gone := dial(t, f) // before it was greeted
	gone.Close()
	count.wantClosed(t, 3)
	if count.early.Load() != 1 {
		t.Errorf("%d were early", count.early.Load())
	}
}

// A shutdown does not wait for the greeting.
func TestDrainBeforeTheGreeting(t *testing.T) {
	f, count := serveGuests(t, Guest{Wait: time.Hour})
	c := dial(t, f)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		f.listener.mu.Lock()
		n := len(f.listener.conns)
		f.listener.mu.Unlock()
		if n == 1 || time.Now().After(deadline) {
			break
		}
	}
	time.Sleep(10 * time.Millisecond) // most likely it waits by now; it must work in any case
	f.listener.Drain()
	c.want("220 ", "421 4.3.2")
	c.wantEOF()
	count.wantClosed(t, 1)
}

// The guest ends a connection after one error too many, and nothing is said or done after that.
func TestGuestHearsReplies(t *testing.T) {
	f, count := serveGuests(t, Guest{})
	c := dial(t, f)
	c.want("220")
	c.send("EHLO me\r\nEHLO " + strings.Repeat("x", 300) + "\r\nMAIL FROM:<>\r\nBOGUS\r\nRCPT\r\nRCPT TO:<a@b.test>\r\nNOOP\r\n")
	c.want("250", "501", "250", "501", "501", "421 4.7.0 Enough")
	c.wantEOF()
	count.wantClosed(t, 1)
	if len(f.rcpts) != 0 {
		t.Errorf("recipients %q", f.rcpts)
	}
}

// RFC 5321 §3.8: after 421 the connection ends, whoever said it.
func Test421Ends(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	c := newConn(far, Options{Idle: time.Minute, Data: time.Minute, CommandLine: 4096}, func() {})
	go func() {
		near.Write([]byte("NOOP\r\nNOOP\r\n"))
		io.Copy(io.Discard, near)
	}()
	buf := make([]byte, 100)
	if _, err := c.Read(buf); err != nil {
		t.Fatal(err)
	}
	c.Write([]byte("421 4.7.0 Go away\r\n250 2.0.0 never said\r\n"))
	if len(c.out) != 0 {
		t.Errorf("left to say: %q", c.out)
	}
	if n, err := c.Read(buf); err != io.EOF {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}
