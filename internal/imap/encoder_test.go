package imap

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"buzon/internal/uidset"
)

func encoded(utf8 bool, f func(*encoder)) string {
	var b bytes.Buffer
	e := &encoder{w: bufio.NewWriter(&b), utf8: utf8}
	f(e)
	e.Flush()
	return b.String()
}

func TestEncoder(t *testing.T) {
	long := strings.Repeat("x", 1001)
	for _, c := range []struct{ in, plain, utf8 string }{
		{"", `""`, `""`},
		{`a "b" \`, `"a \"b\" \\"`, `"a \"b\" \\"`},
		{"é", "{2}\r\né", `"é"`},
		{"\xff", "{1}\r\n\xff", "{1}\r\n\xff"},
		{"a\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb"},
		{long, "{1001}\r\n" + long, "{1001}\r\n" + long},
	} {
		write := func(e *encoder) { e.String(c.in) }
		if got := encoded(false, write); got != c.plain {
			t.Errorf("%q: %q", c.in, got)
		}
		if got := encoded(true, write); got != c.utf8 {
			t.Errorf("%q with UTF-8: %q", c.in, got)
		}
	}
	if got := encoded(false, func(e *encoder) { e.NString("").MailboxName("Entwürfe").Number(1<<32 - 1) }); got != `NILEntw&APw-rfe4294967295` {
		t.Error(got)
	}
	if got := encoded(false, func(e *encoder) { e.Flags(Seen|Deleted|1<<(KeywordBit+1), []string{"a", "b"}, true) }); got != `(\Seen \Deleted b \Recent)` {
		t.Error(got)
	}
	if got := string(appendSet(nil, uidset.Of(uidset.Range{Lo: 1, Hi: 3}, uidset.Range{Lo: 9, Hi: 9}))); got != "1:3,9" {
		t.Error(got)
	}
}

// A flag list line costs no allocation.
func TestEncoderAllocates(t *testing.T) {
	e := &encoder{w: bufio.NewWriter(io.Discard)}
	keywords := []string{"Work", "$Forwarded"}
	if n := testing.AllocsPerRun(100, func() {
		e.Raw("* ").Number(17).Raw(" FETCH (UID ").Number64(12345678).Byte(' ').Flags(Seen|3<<KeywordBit, keywords, true).Quoted(`a"b`).CRLF()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
