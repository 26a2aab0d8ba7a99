package message

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// quick fails when f takes more processor time than work in proportion to its
// input does, even with the race detector. Ten times less is usual; what grows
// with the square of these inputs takes minutes.
func quick(t *testing.T, name string, f func()) {
	t.Helper()
	begin := processorTime(t)
	f()
	if took := processorTime(t) - begin; took > 2*time.Second {
		t.Errorf("%.40q took %v", name, took)
	}
}

// processorTime does not count what other processes keep us waiting.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// nested is a message of n multiparts, each in the other.
func nested(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	return b.String() + "\r\nthe heart\r\n"
}

func hostileMails() map[string]string {
	to := "To: " + strings.Repeat("a,", 1<<19) + "\r\n\r\n"
	mixed := "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	return map[string]string{
		"nested":            nested(10_000),
		"forwards":          strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 10_000),
		"parts":             mixed + strings.Repeat("--b\r\nContent-Type: a/b\r\n\r\nx\r\n", 100_000),
		"part headers":      mixed + strings.Repeat("--b\r\n"+strings.Repeat("Content-ID: "+strings.Repeat("x", 900)+"\r\n", 20), 1000),
		"empty parts":       mixed + strings.Repeat("--b\r\n", 100_000),
		"many envelopes":    mixed + strings.Repeat("--b\r\nContent-Type: message/rfc822\r\n\r\n"+to[:200]+"\r\n\r\n", 10_000),
		"long field":        "Subject: " + strings.Repeat("x", 4<<20) + "\r\n\r\nbody",
		"long folded field": "Subject: " + strings.Repeat("xxxxxxxx\r\n ", 1<<19) + "\r\n\r\nbody",
		"header only":       strings.Repeat("X: y\r\n", 1<<19),
		"addresses":         to,
		"groups":            "To: " + strings.Repeat("a:;", 1<<19) + "\r\n\r\n",
		"references":        "References: " + strings.Repeat("<a@b> ", 1<<19) + "\r\n\r\n",
		"open references":   "References: " + strings.Repeat("<", 1<<19) + "\r\n\r\n",
		"params":            "Content-Type: a/b" + strings.Repeat(";a=b", 1<<19) + "\r\n\r\n",
		"segments":          "Content-Type: a/b" + strings.Repeat(";a*1=b;a*0=b", 1<<19) + "\r\n\r\n",
		"no line end":       strings.Repeat("x", 4<<20),
		"line ends":         mixed + "--b\n\n" + strings.Repeat("\n", 4<<20),
		"near delimiters":   mixed + strings.Repeat("--bb\r\n--b x\r\n", 1<<19),
		"encoded words":     "To: " + strings.Repeat("=?a?q?", 1<<19) + "\r\n\r\n",
		"comments":          "To: " + strings.Repeat("(", 1<<19) + "\r\n\r\n",
	}
}

// Whatever arrives, Parse takes time in proportion and memory within limits.
func TestParseHostile(t *testing.T) {
	for name, mail := range hostileMails() {
		t.Run(name, func(t *testing.T) {
			var s *Structure
			used := allocated(func() { quick(t, name, func() { s = mustParse(t, mail) }) })
			// The largest legitimate structure: about 1,000 parts of 400
			// octets, regrown a few times, and the fields of 768 KiB of header.
			if used > 8<<20 {
				t.Errorf("%d octets allocated", used)
			}
			checkTree(t, &s.Root, int64(len(mail)), 0)
			checkBinary(t, s)
		})
	}
}

// allocated is how many octets f allocates, whether or not they are freed.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// endless is a body of n octets that exists nowhere.
type endless struct{ n int64 }

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	n := min(int64(len(p)), e.n-off)
	for i := range n {
		p[i] = "QUJD\r\n"[(off+i)%6]
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// Reading a body needs the same memory whatever its size.
func TestBodyMemory(t *testing.T) {
	const size = 8 << 20
	for _, encoding := range []string{"base64", "quoted-printable", "8bit"} {
		p := Part{Encoding: encoding, End: size, Params: []Param{{"charset", "iso-8859-15"}}}
		used := allocated(func() {
			if _, err := io.Copy(io.Discard, p.Text(endless{size})); err != nil {
				t.Error(err)
			}
		})
		if used > 256<<10 {
			t.Errorf("%s: %d octets allocated", encoding, used)
		}
	}
	if used := allocated(func() { _, _ = Parse(endless{size}, size) }); used > 64<<10 {
		t.Errorf("Parse: %d octets allocated", used)
	}
}

func mustParse(t *testing.T, mail string) *Structure {
	t.Helper()
	s, err := Parse(strings.NewReader(mail), int64(len(mail)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkTree holds the promises of Part.
func checkTree(t *testing.T, p *Part, end int64, depth int) {
	t.Helper()
	if depth > MaxDepth+1 {
		t.Fatalf("depth %d", depth)
	}
	if p.Header < 0 || p.Body < p.Header || p.End < p.Body || p.End > end || p.Lines < 0 || p.Lines > p.End-p.Body {
		t.Fatalf("offsets %d %d %d in %d, %d lines", p.Header, p.Body, p.End, end, p.Lines)
	}
	if !p.wellFormed() || p.Type == "" || p.Subtype == "" || p.Encoding == "" {
		t.Fatalf("%q/%q %q with %d parts", p.Type, p.Subtype, p.Encoding, len(p.Parts))
	}
	at := p.Body
	for i := range p.Parts {
		if p.Parts[i].Header < at {
			t.Fatalf("part %d starts at %d, before %d", i, p.Parts[i].Header, at)
		}
		checkTree(t, &p.Parts[i], p.End, depth+1)
		at = p.Parts[i].End
	}
}

// checkBinary writes and reads s.
func checkBinary(t *testing.T, s *Structure) {
	t.Helper()
	e, part := s.Envelope.AppendBinary(nil), s.Root.AppendBinary(nil)
	gotE, err := DecodeEnvelope(e)
	if err != nil {
		t.Fatal(err)
	}
	gotPart, err := DecodePart(part)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(gotE.AppendBinary(nil), e) || !bytes.Equal(gotPart.AppendBinary(nil), part) {
		t.Fatal("the binary form does not survive")
	}
}
