package pop3

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/textproto"
	"regexp"
	"strings"
	"testing"
)

// dotted sends message in pieces of the given length (0: whole) and gives what is on the wire.
func dotted(message string, piece, lines int) string {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	dot := &dotWriter{w: w, first: func() { w.WriteString("+OK\r\n") }}
	var to io.Writer = dot
	if lines >= 0 {
		to = &topWriter{to: dot, lines: lines}
	}
	for len(message) > 0 {
		n := len(message)
		if piece > 0 {
			n = min(n, piece)
		}
		if _, err := io.WriteString(to, message[:n]); errors.Is(err, errEnough) {
			break
		}
		message = message[n:]
	}
	dot.end()
	w.Flush()
	return out.String()
}

func TestDotStuffing(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"", ""},
		{"a\r\n", "a\r\n"},
		// RFC 1939 §3: a dot at the start of a line is doubled, others are not.
		{".\r\n", "..\r\n"},
		{".", "..\r\n"},
		{"a.\r\n.b\r\n..\r\n", "a.\r\n..b\r\n...\r\n"},
		{"\r\n.\r\n", "\r\n..\r\n"},
		// The last line always ends.
		{"a", "a\r\n"},
		{"a\r", "a\r\r\n"},
		// A bare LF is a line end to some clients and not to others: it becomes one to all.
		{"a\n.\nb", "a\r\n..\r\nb\r\n"},
		{"\n", "\r\n"},
		{"a\n\n.\r\n", "a\r\n\r\n..\r\n"},
		// A bare CR ends nothing.
		{"a\r.\rb\r\n", "a\r.\rb\r\n"},
	} {
		for piece := range 4 {
			want := "+OK\r\n" + c.out + ".\r\n"
			if got := dotted(c.in, piece, -1); got != want {
				t.Errorf("%q in pieces of %d:\ngot  %q\nwant %q", c.in, piece, got, want)
			}
		}
	}
}

func TestTop(t *testing.T) {
	for _, c := range []struct {
		in    string
		lines int
		out   string
	}{
		{"A: b\r\n\r\n1\r\n2\r\n", 0, "A: b\r\n\r\n"},
		{"A: b\r\n\r\n1\r\n2\r\n", 1, "A: b\r\n\r\n1\r\n"},
		{"A: b\r\n\r\n1\r\n2\r\n", 9, "A: b\r\n\r\n1\r\n2\r\n"},
		{"A: b\r\n\r\n.\r\n2\r\n", 1, "A: b\r\n\r\n..\r\n"},
		// No header, no body, nothing at all.
		{"\r\n1\r\n2\r\n", 1, "\r\n1\r\n"},
		{"A: b\r\n", 3, "A: b\r\n"},
		{"", 3, ""},
		// An empty line in the body is a line; one with a space is no end of a header.
		{"A: b\r\n\r\n\r\n2\r\n", 1, "A: b\r\n\r\n\r\n"},
		{"A: b\r\n \r\nC: d\r\n\r\n1", 0, "A: b\r\n \r\nC: d\r\n\r\n"},
		{"A: b\n\n1\n2", 1, "A: b\r\n\r\n1\r\n"},
	} {
		for piece := range 4 {
			want := "+OK\r\n" + c.out + ".\r\n"
			if got := dotted(c.in, piece, c.lines); got != want {
				t.Errorf("%q, %d lines, in pieces of %d:\ngot  %q\nwant %q", c.in, c.lines, piece, got, want)
			}
		}
	}
}

var lineEnd = regexp.MustCompile(`\r?\n`)

// FuzzDot: a client that reads lines gets back the message, but for its line ends.
func FuzzDot(f *testing.F) {
	f.Add("a\r\n.\r\nb", 1)
	f.Add("\n.\n\r.\r\n..", 3)
	f.Fuzz(func(t *testing.T, message string, piece int) {
		in := bufio.NewReader(strings.NewReader(dotted(message, max(piece, 0), -1)))
		in.ReadString('\n')
		got, err := textproto.NewReader(in).ReadDotBytes()
		if err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(in)
		want := lineEnd.ReplaceAllString(message, "\n")
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		// The reader of textproto drops CRs before a line end.
		if cr := regexp.MustCompile(`\r+\n`); len(rest) > 0 || cr.ReplaceAllString(want, "\n") != cr.ReplaceAllString(string(got), "\n") {
			t.Fatalf("got %q and %q, want %q", got, rest, want)
		}
	})
}
