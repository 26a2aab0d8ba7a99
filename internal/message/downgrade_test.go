package message

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// crlf writes a message of a test with the line ends that it has on the wire.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func downgraded(t testing.TB, in string, to Transport) (string, error) {
	t.Helper()
	s, err := Parse(strings.NewReader(in), int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = Downgrade(&out, strings.NewReader(in), &s.Root, to)
	return out.String(), err
}

func TestDowngrade(t *testing.T) {
	for name, c := range map[string]struct {
		to       Transport
		in, want string
	}{
		"text": {
			in:   "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße = gut \n",
			want: "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe =3D gut=20\n",
		},
		"nothing to do": {
			in:   "MIME-Version: 1.0\nContent-Type: text/plain\n\n  plain = text\n",
			want: "MIME-Version: 1.0\nContent-Type: text/plain\n\n  plain = text\n",
		},
		"before MIME": { // RFC 1428 §3
			in:   "Subject: x\n\nGr\xc3\xbc\xc3\x9fe aus der alten Zeit, in der das reichte\n",
			want: "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe aus der alten Zeit, in der das reichte\n",
		},
		"before MIME and UTF-8": {
			in:   "\n\xfcber\n",
			want: "MIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\n=FCber\n",
		},
		"mostly high octets become base64": {
			in:   "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding:\n 8bit\nMIME-Version: 1.0\n\nПривет\n",
			want: "Content-Type: text/plain; charset=utf-8\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n0J/RgNC40LLQtdGCDQo=\n",
		},
		"labels of the whole": {
			in:   "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\npreamble ü\n--b\n\nplain\n--b\nContent-Transfer-Encoding: 8bit\nContent-Type: text/html\n\n<p>nur ein ü\n--b--\nepilogue",
			want: "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 7bit\n\npreamble ??\n--b\n\nplain\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p>nur ein =C3=BC\n--b--\nepilogue",
		},
		"a message inside is converted inside": { // RFC 2045 §6.4
			in:   "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: inside\nContent-Type: text/plain; charset=utf-8\n\nnur ein ü\n",
			want: "Content-Type: message/rfc822\nContent-Transfer-Encoding: 7bit\n\nSubject: inside\nContent-Type: text/plain; charset=utf-8\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\nnur ein =C3=BC\n",
		},
		"signed and plain stays": {
			in:   "Content-Type: multipart/signed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n--b\nContent-Transfer-Encoding: 8bit\n\nplain\n--b\nContent-Type: application/pgp-signature\n\nxx\n--b--\n",
			want: "Content-Type: multipart/signed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n--b\nContent-Transfer-Encoding: 8bit\n\nplain\n--b\nContent-Type: application/pgp-signature\n\nxx\n--b--\n",
		},
		"no line becomes a delimiter": {
			in:   "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + strings.Repeat("x", 70) + "ü--b\n-- \nü\n--b--\n",
			want: "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("x", 70) + "=C3=\n=BC--b\n=2D-=20\n=C3=BC\n--b--\n",
		},
		"nor one that is too long": {
			in:   "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + strings.Repeat("x", 75) + "--b und ein ü\n--b--\n",
			want: "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("x", 75) + "=\n=2D-b und ein =C3=BC\n--b--\n",
		},
		"no end of the last line": {
			in:   "Content-Type: text/plain; charset=utf-8\nMIME-Version: 1.0\n\nnur ein ü",
			want: "Content-Type: text/plain; charset=utf-8\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\nnur ein =C3=BC=\n",
		},
		"encoded, with octets that do not belong": {
			in:   "Content-Type: text/plain\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC and ü with some text to it\n",
			want: "Content-Type: text/plain\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC and =C3=BC with some text to it\n",
		},
		// To a peer with 8BITMIME but without BINARYMIME (RFC 3030 §3).
		"8-bit may stay": {
			to:   EightBit,
			in:   "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: binary\n\npreämble\n--b\nContent-Transfer-Encoding: binary\n\nü\n--b\nContent-Type: a/b\nContent-Transfer-Encoding: binary\n\n\x00\x01\x02\x03\xff\xff\xff\n--b--\n",
			want: "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\npreämble\n--b\nContent-Transfer-Encoding: 8bit\n\nü\n--b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\nAAECA////w==\n\n--b--\n",
		},
	} {
		got, err := downgraded(t, crlf(c.in), c.to)
		if err != nil || got != crlf(c.want) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", name, err, got, crlf(c.want))
		}
		same(t, crlf(c.in), got, c.to)
	}
}

// TestNoConversion is about messages whose meaning would change.
func TestNoConversion(t *testing.T) {
	mixed := "Content-Type: multipart/mixed; boundary=b\n\n"
	for name, in := range map[string]string{
		"signed":              "Content-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/plain\n\nü\n--b--\n",
		"signed, deep inside": mixed + "--b\nContent-Type: multipart/signed; boundary=c\n\n--c\nContent-Type: message/rfc822\n\n\nü\n--c--\n--b--\n",
		"unknown encoding":    "Content-Transfer-Encoding: x-uuencode\n\nü\n",
		"multipart of none":   mixed + "ü\n",
		"piece of a message":  "Content-Type: message/partial\n\nü\n", // RFC 2046 §5.2.2
		"named elsewhere":     "Content-Type: message/external-body\n\nContent-Type: a/b\n\nü\n",
		"boundary":            "Content-Type: multipart/mixed; boundary=bü\n\n--bü\n\nü\n--bü--\n",
		"too many parts":      mixed + strings.Repeat("--b\n\nü\n", MaxParts+1),
		"too deep":            strings.Repeat("Content-Type: message/rfc822\n\n", MaxDepth+1) + "\nü\n",
		"headers too long":    mixed + strings.Repeat("--b\nX: "+strings.Repeat("x", 900)+"\n\nü\n", 600),
	} {
		if _, err := downgraded(t, crlf(in), SevenBit); !errors.Is(err, ErrNoConversion) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is read or written may fail.
func TestDowngradeErrors(t *testing.T) {
	in := crlf("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n--b\n\nü\n--b\n\nПривет\n--b--\n")
	s, _ := Parse(strings.NewReader(in), int64(len(in)))
	gone := errors.New("gone")
	for n := range int64(len(in)) {
		if err := Downgrade(io.Discard, &failingAt{strings.NewReader(in), n, gone}, &s.Root, SevenBit); !errors.Is(err, gone) {
			t.Errorf("read error at %d: %v", n, err)
		}
	}
	if err := Downgrade(iotest.TruncateWriter(failingWriter{gone}, 0), strings.NewReader(in), &s.Root, SevenBit); err != nil {
		t.Error("a writer that forgets:", err)
	}
	if err := Downgrade(failingWriter{gone}, strings.NewReader(in), &s.Root, SevenBit); !errors.Is(err, gone) {
		t.Errorf("write error: %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write(p []byte) (int, error) { return 0, w.err }

// failingAt has an octet that cannot be read.
type failingAt struct {
	r   io.ReaderAt
	at  int64
	err error
}

func (f *failingAt) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= f.at || off > f.at {
		return f.r.ReadAt(p, off)
	}
	n, _ := f.r.ReadAt(p[:f.at-off], off)
	return n, f.err
}

// leaves are the decoded contents of a message with their types.
func leaves(t testing.TB, s string, p *Part) []string {
	if len(p.Parts) > 0 {
		list := []string{p.Type + "/" + p.Subtype}
		for i := range p.Parts {
			list = append(list, leaves(t, s, &p.Parts[i])...)
		}
		return list
	}
	content, err := io.ReadAll(p.DecodedBody(strings.NewReader(s)))
	if err != nil {
		t.Fatal(err)
	}
	return []string{fmt.Sprintf("%s/%s %q", p.Type, p.Subtype, content)}
}

// same fails unless out has the structure and the contents of in, and fits.
func same(t testing.TB, in, out string, to Transport) {
	t.Helper()
	before, _ := Parse(strings.NewReader(in), int64(len(in)))
	after, _ := Parse(strings.NewReader(out), int64(len(out)))
	want, got := leaves(t, in, &before.Root), leaves(t, out, &after.Root)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("contents of %q\nbecame      %q\ngot  %.2000v\nwant %.2000v", in, out, got, want)
	}
	if fits, err := Fits(strings.NewReader(out), &after.Root, to); !fits || err != nil {
		t.Errorf("%q\ndoes not fit: %v", out, err)
	}
}

// A long message keeps its content and takes no memory.
func TestDowngradeLong(t *testing.T) {
	in := crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n" +
		strings.Repeat("Ein längerer Text, der über viele Zeilen geht, und -- wie es sich gehört -- auch Umlaute hat. \n", 40_000) +
		"--b\nContent-Type: application/x\nContent-Transfer-Encoding: binary\n\n" + strings.Repeat("\x00\xff\xfe\r", 1<<20) + "\n--b--\n")
	s, err := Parse(strings.NewReader(in), int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	out.Grow(2 * len(in))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = Downgrade(&out, strings.NewReader(in), &s.Root, SevenBit)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 200<<10 {
		t.Errorf("%d octets allocated for a message of %d", took, len(in))
	}
	now, _ := Parse(bytes.NewReader(out.Bytes()), int64(out.Len()))
	for i := range s.Root.Parts {
		want, got := sha256.New(), sha256.New()
		io.Copy(want, s.Root.Parts[i].DecodedBody(strings.NewReader(in)))
		io.Copy(got, now.Root.Parts[i].DecodedBody(bytes.NewReader(out.Bytes())))
		if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
			t.Errorf("part %d changed", i)
		}
	}
}

// FuzzDowngrade: whatever is converted keeps its structure and its contents, and fits.
func FuzzDowngrade(f *testing.F) {
	for _, in := range []string{
		"\n\xfcber\n",
		"Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\nGrüße \n",
		"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\nü\n--b\n\nü\n--b\nContent-Type: message/rfc822\n\nX: ü\n\nü=\n--b--\nü",
		"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: a\n\nü--b\n--b",
		"Content-Type: multipart/signed; boundary=b\n\n--b\n\nü\n--b--",
		"Content-Transfer-Encoding: base64\n\nww\xff==\n",
		"Content-Transfer-Encoding: binary\n\n\x00\r\n\r\r\xff",
	} {
		f.Add([]byte(in), true)
		f.Add([]byte(crlf(in)), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, seven bool) {
		if len(in) > 4000 {
			return // so that all of it fits the parser's buffer before and after
		}
		to := EightBit
		if seven {
			to = SevenBit
		}
		out, err := downgraded(t, string(in), to)
		if errors.Is(err, ErrNoConversion) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, string(in), out, to)
	})
}
