package pop3

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
)

// benchMail is a message of a few KB.
var benchMail = "Subject: bench\r\n\r\n" + strings.Repeat("A line of a message, as long as lines are.\r\n.", 80) + "\r\n"

// dialBench logs in to a maildrop of 100 messages.
func dialBench(b *testing.B) (net.Conn, *bufio.Reader) {
	mail := make([]string, 100)
	for i := range mail {
		mail[i] = benchMail
	}
	_, addr := serve(b, newWorld(mail...), false)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	in := bufio.NewReaderSize(conn, 64<<10)
	io.WriteString(conn, "USER ana@example.test\r\nPASS two words\r\n")
	for range 3 {
		in.ReadSlice('\n')
	}
	return conn, in
}

// BenchmarkRETR is the protocol alone, over TCP, one command at a time.
func BenchmarkRETR(b *testing.B) {
	conn, in := dialBench(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fmt.Fprintf(conn, "RETR %d\r\n", i%100+1)
		skip(b, in)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkRETRPipelined sends a hundred commands at a time.
func BenchmarkRETRPipelined(b *testing.B) {
	conn, in := dialBench(b)
	var commands strings.Builder
	for i := range 100 {
		fmt.Fprintf(&commands, "RETR %d\r\n", i+1)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		io.WriteString(conn, commands.String())
		for range 100 {
			skip(b, in)
		}
		n += 100
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}

// skip reads a multi-line response.
func skip(b *testing.B, in *bufio.Reader) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		if len(line) == 3 && line[0] == '.' {
			return
		}
	}
}

// BenchmarkUIDL lists 100,000 messages.
func BenchmarkUIDL(b *testing.B) {
	srv := New(Options{Backend: newWorld(), Log: slog.New(slog.DiscardHandler)})
	s := newSession(srv, &script{})
	s.drop = &drop{Maildrop: newWorld(), list: make([]Message, 100_000)}
	b.ReportAllocs()
	for b.Loop() {
		s.conn.(*script).out.Reset()
		s.uidl(b.Context(), "")
		s.flush()
	}
}
