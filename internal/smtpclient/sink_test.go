package smtpclient

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
)

// sink takes all mail and counts it.
type sink struct {
	offers []string
	sum    hash.Hash // of the bodies, dots undone; nil is not asked for
	mails  int
	octets int64
}

// listen serves one connection on loopback and returns what it is reached by.
func (s *sink) listen(t testing.TB) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer theirs.Close()
		s.serve(theirs)
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return conn
}

func (s *sink) serve(conn net.Conn) {
	in, out := bufio.NewReaderSize(conn, 32<<10), bufio.NewWriter(conn)
	out.WriteString("220 sink\r\n")
	for {
		if in.Buffered() == 0 {
			out.Flush()
		}
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" ")); string(verb) {
		case "EHLO":
			out.WriteString("250-sink\r\n")
			for _, offer := range s.offers {
				out.WriteString("250-" + offer + "\r\n")
			}
			out.WriteString("250 HELP\r\n")
		case "DATA":
			out.WriteString("354 Go on\r\n")
			out.Flush()
			if s.data(in) != nil {
				return
			}
			out.WriteString("250 2.0.0 OK\r\n")
		case "BDAT":
			if s.chunk(in, string(line)) != nil {
				return
			}
			out.WriteString("250 2.0.0 OK\r\n")
		default:
			out.WriteString("250 2.0.0 OK\r\n")
		}
	}
}

func (s *sink) data(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if string(line) == ".\r\n" {
			s.mails++
			return nil
		}
		s.take(bytes.TrimPrefix(line, []byte(".")))
	}
}

func (s *sink) chunk(in *bufio.Reader, line string) error {
	var n int
	if _, err := fmt.Sscanf(line, "BDAT %d", &n); err != nil {
		return err
	}
	if strings.HasSuffix(line, "LAST\r\n") {
		s.mails++
	}
	for n > 0 {
		if _, err := in.Peek(1); err != nil {
			return err
		}
		piece, _ := in.Peek(min(n, in.Buffered()))
		s.take(piece)
		n -= len(piece)
		in.Discard(len(piece))
	}
	return nil
}

func (s *sink) take(p []byte) {
	s.octets += int64(len(p))
	if s.sum != nil {
		s.sum.Write(p)
	}
}

func (s *sink) client(t testing.TB) *Client {
	t.Helper()
	c, err := New(context.Background(), s.listen(t), "sink", Options{Hello: "box.example.test", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mailOf(t testing.TB, body io.ReaderAt, size int64) Mail {
	t.Helper()
	from, err := message.ParseAddress("ana@example.test")
	if err != nil {
		t.Fatal(err)
	}
	to, err := message.ParseAddress("bob@example.org")
	if err != nil {
		t.Fatal(err)
	}
	return Mail{From: from, To: []Recipient{{Address: to}}, Body: io.NewSectionReader(body, 0, size), BodyType: "8BITMIME"}
}

func accepted(t testing.TB, replies []message.Reply, err error) {
	t.Helper()
	if err != nil || len(replies) != 1 || replies[0].Code != 250 {
		t.Fatal(replies, err)
	}
}

// A message of 25 MB arrives as it is, by every way, and needs no memory of its size; converted it needs none either.
func TestLarge(t *testing.T) {
	whole := []byte("Content-Type: text/plain; charset=utf-8\r\n\r\n" +
		strings.Repeat(".Eine Zeile mit einem Punkt davor, einem Umlaut (ü) und einigem, was sie länger macht.\r\n..\r\n", 280_000))
	for name, c := range map[string]struct {
		offers    []string
		size      int
		converted bool
	}{
		"DATA":      {[]string{"8BITMIME"}, 1_500_000, false},
		"pipelined": {[]string{"8BITMIME", "PIPELINING"}, len(whole), false},
		"BDAT":      {[]string{"8BITMIME", "CHUNKING"}, 1_500_000, false},
		"chunks":    {[]string{"8BITMIME", "CHUNKING", "PIPELINING"}, len(whole), false},
		"converted": {[]string{"CHUNKING", "PIPELINING"}, 3_000_000, true},
	} {
		body := whole[:c.size-c.size%2]
		body = append(body[:len(body)-2:len(body)-2], "\r\n"...)
		s := &sink{offers: c.offers, sum: sha256.New()}
		client := s.client(t)
		m := mailOf(t, bytes.NewReader(body), int64(len(body)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		replies, err := client.Send(t.Context(), m)
		runtime.ReadMemStats(&after)
		accepted(t, replies, err)
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s: %d octets allocated for a message of %d", name, took, len(body))
		}
		if want := sha256.Sum256(body); !c.converted && !bytes.Equal(s.sum.Sum(nil), want[:]) {
			t.Errorf("%s: the body changed on its way", name)
		}
		if c.converted && s.octets < int64(len(body)) {
			t.Errorf("%s: %d octets", name, s.octets)
		}
		client.Close()
	}
}

// The body's own error keeps half a message from being taken for a whole one.
func TestBodyError(t *testing.T) {
	gone := errors.New("the disk is gone")
	for _, offers := range [][]string{{"8BITMIME"}, {"8BITMIME", "PIPELINING"}, {"8BITMIME", "PIPELINING", "CHUNKING"}, {"PIPELINING"}} {
		s := &sink{offers: offers}
		client := s.client(t)
		m := mailOf(t, &brokenDisk{gone}, 1<<20)
		replies, err := client.Send(t.Context(), m)
		var e *Error
		if !errors.Is(err, gone) || !errors.As(err, &e) || e.Stage != "body" || e.Uncertain || replies[0].Code != 451 {
			t.Errorf("%v: %v %v", offers, replies, err)
		}
		if usable := len(offers) == 1 && offers[0] == "PIPELINING"; client.Usable() != usable { // it was to be converted: nothing was said yet
			t.Errorf("%v: usable %v", offers, client.Usable())
		}
		client.Close()
		if s.mails != 0 {
			t.Errorf("%v: %d messages arrived", offers, s.mails)
		}
	}
}

// brokenDisk has 100,000 octets that can be read.
type brokenDisk struct{ err error }

func (b *brokenDisk) ReadAt(p []byte, off int64) (int, error) {
	if off >= 100_000 {
		return 0, b.err
	}
	return copy(p, bytes.Repeat([]byte("x\r\n"), len(p)/3+1)), nil
}

// Many recipients go in groups, each with its own reply.
func TestManyRecipients(t *testing.T) {
	for _, offers := range [][]string{nil, {"PIPELINING"}, {"PIPELINING", "CHUNKING"}} {
		s := &sink{offers: append(offers, "8BITMIME")}
		client := s.client(t)
		m := mailOf(t, strings.NewReader("x\r\n"), 3)
		for range 1000 {
			m.To = append(m.To, m.To[0])
		}
		replies, err := client.Send(t.Context(), m)
		if err != nil || len(replies) != 1001 || replies[1000].Code != 250 || s.mails != 1 {
			t.Errorf("%v: %d replies, %v", offers, len(replies), err)
		}
		client.Close()
	}
}

// An address that could not come from ParseAddress never becomes a command.
func TestUnsendable(t *testing.T) {
	s := &sink{offers: []string{"8BITMIME", "DSN"}}
	client := s.client(t)
	good := mailOf(t, strings.NewReader("x\r\n"), 3)
	for _, bad := range []message.Address{{}, {Local: "a\r\nRSET", Domain: "b"}, {Local: "a", Domain: "b>\r\nRSET"}, {Local: "a", Domain: "b> X"}, {Local: "\x00", Domain: "b"}} {
		m := good
		m.To = []Recipient{{Address: bad}, {Address: good.To[0].Address, Notify: "NEVER\r\nRSET"}}
		replies, err := client.Send(t.Context(), m)
		if err != nil || replies[0].Code != 553 || replies[1].Code != 250 {
			t.Errorf("to %q: %v %v", bad, replies, err)
		}
		if m = good; !bad.IsZero() {
			m.From = bad
			replies, err = client.Send(t.Context(), m)
			if err != nil || replies[0].Code != 553 {
				t.Errorf("from %q: %v %v", bad, replies, err)
			}
		}
	}
	client.Close()
}

// BenchmarkSend is one connection to a sink on loopback: messages per second.
func BenchmarkSend(b *testing.B) {
	for _, c := range []struct {
		name   string
		offers string
	}{{"plain", "8BITMIME"}, {"pipelining", "8BITMIME PIPELINING"}, {"pipelining+chunking", "8BITMIME PIPELINING CHUNKING"}} {
		for _, size := range []int{4 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%dKiB", c.name, size>>10), func(b *testing.B) {
				s := &sink{offers: strings.Fields(c.offers)}
				client := s.client(b)
				defer client.Close()
				body := bytes.Repeat([]byte(strings.Repeat("x", 74)+"\r\n"), size/76)
				m := mailOf(b, bytes.NewReader(body), int64(len(body)))
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				begin := time.Now()
				for b.Loop() {
					replies, err := client.Send(b.Context(), m)
					accepted(b, replies, err)
				}
				b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "messages/s")
			})
		}
	}
}
