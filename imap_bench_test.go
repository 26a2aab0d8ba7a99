package main

import (
	"bufio"
	"bytes"
	"context"
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

// benchMailbox is an appliance whose INBOX has n messages.
func benchMailbox(b *testing.B, n int) *testAppliance {
	b.Helper()
	a := startWithAna(b)
	ctx := context.Background()
	acc, err := a.store.Account(ctx, message.Address{Local: "ana", Domain: "example.test"})
	if err != nil {
		b.Fatal(err)
	}
	box, err := a.store.Mailbox(ctx, acc.ID, "INBOX")
	if err != nil {
		b.Fatal(err)
	}
	for done := 0; done < n; done += 500 {
		var drafts []store.Draft
		for i := range 500 {
			text := benchText(i % 100)
			drafts = append(drafts, store.Draft{Body: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))), Received: time.Unix(1_790_000_000, 0)})
		}
		if _, err := a.store.Append(ctx, box.ID, drafts); err != nil {
			b.Fatal(err)
		}
	}
	return a
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
	c.do(b, "EXAMINE INBOX")
	return c
}

// do runs a command and reads its answer to the end without looking at it.
func (c *rawIMAP) do(b *testing.B, command string) {
	b.Helper()
	if _, err := fmt.Fprintf(c, "zz %s\r\n", command); err != nil {
		b.Fatal(err)
	}
	c.n = 0
	var tail []byte
	for {
		if _, err := c.r.Peek(1); err != nil {
			b.Fatal(err)
		}
		piece, _ := c.r.Peek(c.r.Buffered())
		c.n += int64(len(piece))
		tail = append(tail[max(0, len(tail)-200):], piece[max(0, len(piece)-200):]...)
		c.r.Discard(len(piece))
		if at := bytes.LastIndex(tail, []byte("\r\nzz ")); at >= 0 && bytes.HasSuffix(tail, []byte("\r\n")) || bytes.HasPrefix(tail, []byte("zz ")) {
			if !bytes.Contains(tail[max(at, 0):], []byte("zz OK")) {
				b.Fatalf("%s: %s", command, tail[max(at, 0):])
			}
			return
		}
	}
}

func BenchmarkIMAPFetch(b *testing.B) {
	a := benchMailbox(b, 100_000)
	for _, c := range []struct {
		name, command string
		n             int
	}{
		{"flags", "UID FETCH 1:* (FLAGS)", 100_000},       // bar: 1.5 million lines/s
		{"sort", "UID SORT (SUBJECT) UTF-8 ALL", 100_000}, //
		{"thread", "UID THREAD REFERENCES UTF-8 ALL", 100_000},
		{"envelope", "UID FETCH 1:10000 (ENVELOPE BODYSTRUCTURE)", 10_000}, // bar: 0.1 s
		{"preview", "UID FETCH 1:10000 (PREVIEW (LAZY))", 10_000},
		{"bodies", "UID FETCH 1:10000 (BODY.PEEK[])", 10_000}, // bar: 500 MB/s
		{"binary", "UID FETCH 1:10000 (BINARY.PEEK[1])", 10_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := dialRaw(b, a)
			s.do(b, c.command) // warm
			for b.Loop() {
				s.do(b, c.command)
			}
			b.SetBytes(s.n)
			b.ReportMetric(float64(c.n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
