package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

// The bars of FETCH, on the real store: see the table in BenchmarkIMAPFetch.

// benchText is the n-th of a hundred mails of mixed size, 13.4 KB on average.
func benchText(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Ann Lee <ann%d@example.org>\r\nTo: Ana <ana@example.test>, =?utf-8?q?J=C3=B8rgen?= <j@example.no>\r\nSubject: Re: number %d\r\n"+
		"Date: Sat, 21 Nov 2026 10:%02d:00 +0100\r\nMessage-ID: <%d@example.org>\r\nReferences: <%d@example.org> <1@example.org>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", n%9, n%17, n%60, n, n-1)
	for i := 0; b.Len() < 300+n*n*4; i++ {
		fmt.Fprintf(&b, "Line %d of the message says %x and %x.\r\n", i, i*n*7919, i*i*104729)
	}
	b.WriteString("\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>The same.</p>\r\n--b--\r\n")
	return b.String()
}

// benchMailboxes is an appliance with 100,000 small mails in INBOX and 10,000 of mixed size in Archive.
func benchMailboxes(b *testing.B) *testAppliance {
	b.Helper()
	a := startWithAna(b)
	acc, err := a.store.Account(b.Context(), message.Address{Local: "ana", Domain: "example.test"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := a.store.CreateMailbox(b.Context(), acc.ID, "Mixed", ""); err != nil {
		b.Fatal(err)
	}
	fillBench(b, a, acc.ID, "INBOX", 100_000, 1)
	fillBench(b, a, acc.ID, "Mixed", 10_000, 100)
	return a
}

// fillBench files n messages, in turn the first of kinds mails.
func fillBench(b *testing.B, a *testAppliance, acc store.AccountID, name string, n, kinds int) {
	b.Helper()
	box, err := a.store.Mailbox(b.Context(), acc, name)
	if err != nil {
		b.Fatal(err)
	}
	for done := 0; done < n; done += 500 {
		var drafts []store.Draft
		for i := range 500 {
			text := benchText(i % kinds)
			drafts = append(drafts, store.Draft{Body: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))), Received: time.Unix(1_790_000_000, 0)})
		}
		if _, err := a.store.Append(b.Context(), box.ID, drafts); err != nil {
			b.Fatal(err)
		}
	}
}

// rawIMAP is a connection that counts the octets of an answer.
type rawIMAP struct {
	net.Conn
	r *bufio.Reader
	n int64
}

func dialRaw(b *testing.B, a *testAppliance) *rawIMAP {
	b.Helper()
	conn, err := net.Dial("tcp", a.addr("imap"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	c := &rawIMAP{Conn: conn, r: bufio.NewReaderSize(conn, 256<<10)}
	if _, err := c.r.ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	c.do(b, "LOGIN ana@example.test secret")
	return c
}

// do runs a command and reads its answer to the end, of which it looks at the last line.
func (c *rawIMAP) do(b *testing.B, command string) {
	b.Helper()
	c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := fmt.Fprintf(c, "zz %s\r\n", command); err != nil {
		b.Fatal(err)
	}
	const last = 4 << 10 // octets: the answer to LOGIN names the capabilities
	c.n = 0
	tail := []byte("\r\n")
	for {
		if _, err := c.r.Peek(1); err != nil {
			b.Fatalf("%s: %v after %.100q", command, err, tail)
		}
		piece, _ := c.r.Peek(c.r.Buffered())
		c.n += int64(len(piece))
		tail = append(tail[max(0, len(tail)-last):], piece[max(0, len(piece)-last):]...)
		c.r.Discard(len(piece))
		if at := bytes.LastIndex(tail, []byte("\r\nzz ")); at >= 0 && bytes.HasSuffix(tail, []byte("\r\n")) {
			if !bytes.HasPrefix(tail[at:], []byte("\r\nzz OK")) {
				b.Fatalf("%s: %s", command, tail[at:])
			}
			return
		}
	}
}

func BenchmarkIMAPFetch(b *testing.B) {
	a := benchMailboxes(b)
	for _, c := range []struct {
		name, box, command string
		n                  int
	}{
		{"flags", "INBOX", "UID FETCH 1:* (FLAGS)", 100_000},       // bar: 1.5 million lines/s
		{"sort", "INBOX", "UID SORT (SUBJECT) UTF-8 ALL", 100_000}, //
		{"thread", "INBOX", "UID THREAD REFERENCES UTF-8 ALL", 100_000},
		{"envelope", "Mixed", "UID FETCH 1:10000 (ENVELOPE BODYSTRUCTURE)", 10_000}, // bar: 0.1 s
		{"preview", "Mixed", "UID FETCH 1:10000 (PREVIEW (LAZY))", 10_000},
		{"bodies", "Mixed", "UID FETCH 1:10000 (BODY.PEEK[])", 10_000}, // bar: 500 MB/s
		{"binary", "Mixed", "UID FETCH 1:10000 (BINARY.PEEK[1])", 10_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := dialRaw(b, a)
			s.do(b, "EXAMINE "+c.box)
			s.do(b, c.command) // warm
			for b.Loop() {
				s.do(b, c.command)
			}
			b.SetBytes(s.n)
			b.ReportMetric(float64(c.n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// SELECT of 100,000 messages (bar: 1 ms), wherever the first unseen one is.
func BenchmarkIMAPSelect(b *testing.B) {
	a := startWithAna(b)
	acc, err := a.store.Account(b.Context(), message.Address{Local: "ana", Domain: "example.test"})
	if err != nil {
		b.Fatal(err)
	}
	fillBench(b, a, acc.ID, "INBOX", 100_000, 1)
	s := dialRaw(b, a)
	s.do(b, "SELECT INBOX")
	for _, c := range []struct{ name, store string }{
		{"all unseen", "STORE 1 -FLAGS.SILENT (\\Seen)"},
		{"unseen at the end", "STORE 1:99990 +FLAGS.SILENT (\\Seen)"},
		{"unseen in the middle", "STORE 1:50000,50002:100000 +FLAGS.SILENT (\\Seen)"},
		{"all seen", "STORE 1:* +FLAGS.SILENT (\\Seen)"},
	} {
		s.do(b, c.store)
		if strings.Contains(c.name, "middle") {
			s.do(b, "STORE 50001 -FLAGS.SILENT (\\Seen)")
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				s.do(b, "SELECT INBOX")
			}
		})
	}
}
