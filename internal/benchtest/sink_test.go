package benchtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// sink is Postfix's smtp-sink, which takes mail faster than anybody sends it and forgets it.
type sink struct {
	addr string
	more chan struct{} // a bell with one token

	mu    sync.Mutex
	took  int       // messages
	first time.Time // when the first was in
	last  time.Time
}

// startSink starts one that ends with its benchmark. Where the program is missing the benchmark is skipped.
func startSink(b *testing.B) *sink {
	b.Helper()
	path, err := exec.LookPath("smtp-sink")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/smtp-sink"); err != nil {
			b.Skip("smtp-sink of Debian's package postfix is missing")
		}
	}
	s := &sink{addr: freePort(b), more: make(chan struct{}, 1)}
	args := []string{"-c", s.addr, "100"} // -c counts on standard output
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	cmd := exec.Command(path, args...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	counted := make(chan struct{})
	go func() { defer close(counted); s.count(out) }()
	b.Cleanup(func() {
		cmd.Process.Kill()
		<-counted
		cmd.Wait()
	})
	s.awaitStart(b)
	return s
}

// freePort is an address where nobody listens.
func freePort(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *sink) awaitStart(b *testing.B) {
	b.Helper()
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Since(begin) > patience {
			b.Fatal(err)
		}
	}
}

// count reads "sess=1 quit=1 mesg=1" with a CR after each, for as long as the program runs.
func (s *sink) count(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\r'); i >= 0 {
			return i + 1, data[:i], nil
		}
		return 0, nil, nil
	})
	for lines.Scan() {
		var sessions, quits, messages int
		if _, err := fmt.Sscanf(lines.Text(), "sess=%d quit=%d mesg=%d", &sessions, &quits, &messages); err == nil {
			s.note(messages)
		}
	}
}

func (s *sink) note(messages int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if messages == s.took {
		return
	}
	s.took, s.last = messages, time.Now()
	if s.first.IsZero() {
		s.first = s.last
	}
	select {
	case s.more <- struct{}{}:
	default: // already rung
	}
}

// await waits for n messages in all, and returns when the first and the last of them came.
func (s *sink) await(b *testing.B, n int) (first, last time.Time) {
	b.Helper()
	for {
		s.mu.Lock()
		took, first, last := s.took, s.first, s.last
		s.mu.Unlock()
		if took >= n {
			return first, last
		}
		select {
		case <-s.more:
		case <-time.After(patience):
			b.Fatalf("%d of %d messages came", took, n)
		}
	}
}
