package smtpclient

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"buzon/internal/message"
)

// heard reads one reply out of what a peer says.
func heard(t testing.TB, said []byte) (r message.Reply, texts []string, rest int, err error) {
	t.Helper()
	w := &wire{conn: &deaf{}, in: bufio.NewReaderSize(bytes.NewReader(said), maxReplyLine)}
	r, err = w.reply(time.Minute, func(text string) { texts = append(texts, text) })
	return r, texts, w.in.Buffered(), err
}

// deaf is a connection that only has deadlines.
type deaf struct{ net.Conn }

func (*deaf) SetDeadline(time.Time) error { return nil }

func TestReply(t *testing.T) {
	long := strings.Repeat("word ", 400)
	for _, c := range []struct {
		in   string
		want string
		err  error
	}{
		// RFC 5321 §4.2: code and text, in one line or several.
		{in: "250 OK\r\n", want: "250 2.0.0 OK"},
		{in: "250\r\n", want: "250 2.0.0 "},
		{in: "250 \r\n", want: "250 2.0.0 "},
		{in: "250-one\r\n250-two\r\n250 three\r\n", want: "250 2.0.0 one two three"},
		{in: "250-\r\n250-two\r\n250\r\n", want: "250 2.0.0 two"},
		// RFC 2034 §4: an enhanced code on each line.
		{in: "550-5.1.1 No\r\n550 5.1.1 such user\r\n", want: "550 5.1.1 No such user"},
		{in: "550-5.1.1 No\r\n550 such user\r\n", want: "550 5.1.1 No such user"},
		{in: "550-No\r\n550 5.1.1 such user\r\n", want: "550 5.1.1 No such user"},
		{in: "452 4.2.2\r\n", want: "452 4.2.2 "},
		{in: "550 5.7.133 x\r\n", want: "550 5.7.133 x"},
		// What is none stays text; one of another class is not believed.
		{in: "550 5.1 x\r\n", want: "550 5.0.0 5.1 x"},
		{in: "550 5.1.x y\r\n", want: "550 5.0.0 5.1.x y"},
		{in: "550 1.2.3.4 is listed\r\n", want: "550 5.0.0 1.2.3.4 is listed"},
		{in: "550 192.0.2 is listed\r\n", want: "550 5.0.0 192.0.2 is listed"},
		{in: "550 5.1000.1 x\r\n", want: "550 5.0.0 5.1000.1 x"},
		{in: "550 2.0.0 x\r\n", want: "550 5.0.0 x"},
		{in: "354 2.0.0 Go\r\n", want: "354 3.0.0 Go"},
		// Odd ones that are in use.
		{in: "250 OK\n", want: "250 2.0.0 OK"},
		{in: "250-one\n250 two\r\r\n", want: "250 2.0.0 one two"},
		{in: "250\tOK\r\n", want: "250 2.0.0 OK"},
		{in: "250-one\r\n251 two\r\n", want: "251 2.0.0 one two"},
		{in: "550-5.7.1 no\r\n450 4.7.1 later\r\n", want: "450 4.7.1 no later"},
		// Words are cleaned: no control, no octet that is not UTF-8.
		{in: "550 a\x1b[31mb\x00c\xffd\u0085e\u2028f é\r\n", want: "550 5.0.0 a [31mb c?d e f é"},
		// Too many words are cut, between characters.
		{in: "550-" + long + "\r\n550 " + long + "\r\n", want: "550 5.0.0 " + strings.TrimSpace(long)},
		{in: "550 " + strings.Repeat("x", 1998) + "é\r\n", want: "550 5.0.0 " + strings.Repeat("x", 1998)},
		// Nonsense.
		{in: "\r\n", err: ErrReply},
		{in: "25\r\n", err: ErrReply},
		{in: "2500 OK\r\n", err: ErrReply},
		{in: "25O OK\r\n", err: ErrReply},
		{in: " 250 OK\r\n", err: ErrReply},
		{in: "150 OK\r\n", err: ErrReply},
		{in: "650 OK\r\n", err: ErrReply},
		{in: "250:OK\r\n", err: ErrReply},
		{in: "250-one\r\ntwo\r\n250 three\r\n", err: ErrReply},
		{in: "HTTP/1.1 400 Bad Request\r\n", err: ErrReply},
		// Caps.
		{in: "250 " + strings.Repeat("x", maxReplyLine) + "\r\n", err: ErrReply},
		{in: strings.Repeat("250-x\r\n", maxReplyLines) + "250 x\r\n", err: ErrReply},
		// Losses.
		{in: "", err: io.ErrUnexpectedEOF},
		{in: "250 OK", err: io.ErrUnexpectedEOF},
		{in: "250-OK\r\n", err: io.ErrUnexpectedEOF},
	} {
		r, _, _, err := heard(t, []byte(c.in))
		if !errors.Is(err, c.err) || err == nil && r.Error() != c.want {
			t.Errorf("%.80q: %q, %v\nwant %q, %v", c.in, r.Error(), err, c.want, c.err)
		}
	}
}

func TestExtensions(t *testing.T) {
	var e Extensions
	for _, line := range []string{"size 35882577", "8bitMIME", "PIPELINING", "AUTH=LOGIN", "AUTH PLAIN login XOAUTH2", "STARTTLS", "X-UNKNOWN y", "SIZE x", ""} {
		e.add(line)
	}
	if e.Size != 35882577 || !e.SizeParam || !e.EightBit || !e.Pipelining || !e.StartTLS || e.Chunking || strings.Join(e.Auth, " ") != "LOGIN PLAIN XOAUTH2" {
		t.Errorf("%+v", e)
	}
}

func TestXText(t *testing.T) {
	for in, want := range map[string]string{"": "", "ab": "ab", "a+b=c d": "a+2Bb+3Dc+20d", "é\n": "+C3+A9+0A"} {
		if got := XText(in); got != want {
			t.Errorf("XText(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"rfc822;a+b@x": "rfc822;a+2Bb@x", "utf-8;a+b@x": `utf-8;a\x{2B}b@x`, `RFC822;é\@x`: `utf-8;\x{E9}\x{5C}@x`,
		"": "", "rfc822": "", "rfc822;": "", ";x": "", "rf c;x": "", "x400;/G=a/": "x400;/G+3Da/", "rfc822;a\r\nQUIT": "rfc822;a+0D+0AQUIT",
	} {
		if got := originalRecipient(in); got != want {
			t.Errorf("originalRecipient(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzReply: any octets are one clean reply, or an error.
func FuzzReply(f *testing.F) {
	for _, s := range []string{"250 OK\r\n", "250-5.1.1 x\r\n250 y\n", "421", "25\xff\r\n", "550-\r\n550 5.7.1 \x00\xff\r\n250 next\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		r, texts, _, err := heard(t, said)
		if err != nil {
			return
		}
		if r.Code < 200 || r.Code > 599 || r.Enhanced[0] != r.Code/100 || len(r.Text) > maxReplyText || len(texts) > maxReplyLines {
			t.Errorf("%q: %+v", said, r)
		}
		for _, text := range append(texts, r.Text) {
			if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r\n\x1b\x7f") {
				t.Errorf("%q: %q", said, text)
			}
		}
		var e Extensions
		for _, text := range texts {
			e.add(text)
		}
	})
}

// FuzzCanon: however a body is cut into pieces, what goes out has no CR or LF alone and ends once, at its end.
func FuzzCanon(f *testing.F) {
	f.Add([]byte("a\r\n.\r\nb\n.\nc\r.\rd"), 3)
	f.Add([]byte("\r"), 1)
	f.Add([]byte(".\r\n.."), 1)
	f.Fuzz(func(t *testing.T, body []byte, n int) {
		c, whole := canon{dots: true, start: true}, canon{dots: true, start: true}
		want := string(whole.end(whole.append(nil, body)))
		var out []byte
		for rest := body; len(rest) > 0; {
			piece := rest[:min(max(n, 1), len(rest))]
			before := len(out)
			out = c.append(out, piece)
			if len(out)-before > 2*len(piece)+2 {
				t.Errorf("%q grew by %d", piece, len(out)-before)
			}
			rest = rest[len(piece):]
		}
		got := string(c.end(out))
		if got != want {
			t.Fatalf("%q in pieces of %d: %q, whole %q", body, n, got, want)
		}
		lines := strings.Split(got, "\r\n")
		for i, line := range lines {
			if strings.ContainsAny(line, "\r\n") || (line == ".") != (i == len(lines)-2) {
				t.Errorf("%q: line %d of %q", body, i, got)
			}
		}
	})
}
