package message

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// tree writes the types and bodies of a part and those in it.
func tree(p *Part, mail string) string {
	if len(p.Parts) == 0 {
		return p.Type + "/" + p.Subtype + "=" + mail[p.Body:p.End]
	}
	var inner []string
	for i := range p.Parts {
		inner = append(inner, tree(&p.Parts[i], mail))
	}
	return p.Type + "/" + p.Subtype + "(" + strings.Join(inner, " ") + ")"
}

const mixed = "Content-Type: multipart/mixed; boundary=b\n\n"

func TestParseTree(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// RFC 2045 §5.2: the default is text/plain, also for broken types.
		{"", "text/plain="},
		{"\n", "text/plain="},
		{"body only\n", "text/plain="},
		{"\r\nbody", "text/plain=body"},
		{"A: b\r\n\r\nbody\r\n", "text/plain=body\r\n"},
		{"Content-Type: text\n\nx", "text/plain=x"},
		{"Content-Type: /html\n\nx", "text/plain=x"},
		{"Content-Type: TEXT/HTML\n\nx", "text/html=x"},
		{"Content-Type: text/html\nContent-Type: a/b\n\nx", "text/html=x"},
		{"Content-Type\t: text/html\n\nx", "text/html=x"},
		{"Content-Type: (c) text/html (d)\n\nx", "text/html=x"},
		// RFC 2046 §5.1.1: the line end before a delimiter belongs to it.
		{mixed + "pre\n--b\n\none\n--b\nContent-Type: a/b\n\ntwo\n\n--b--\nepi\n", "multipart/mixed(text/plain=one a/b=two\n)"},
		{mixed + "--b\r\n\r\none\r\n--b \t\r\n\r\ntwo\r\n--b--", "multipart/mixed(text/plain=one text/plain=two)"},
		// Parts without body, header, or both.
		{mixed + "--b\n--b\nContent-Type: a/b\n--b\n\n--b--\n", "multipart/mixed(text/plain= a/b= text/plain=)"},
		// What follows the closing delimiter is no part.
		{mixed + "--b\n\none\n--b--\n--b\n\ntwo\n", "multipart/mixed(text/plain=one)"},
		// Only the whole line is a delimiter.
		{mixed + "--b\n\none\n--bb\n-- b\n --b\nx--b\n", "multipart/mixed(text/plain=one\n--bb\n-- b\n --b\nx--b\n)"},
		// Without a closing delimiter the last part reaches to the end.
		{mixed + "--b\n\none\n--b\n\ntwo\n", "multipart/mixed(text/plain=one text/plain=two\n)"},
		// An inner multipart ends where the outer one goes on.
		{mixed + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--c\n--b--\n",
			"multipart/mixed(multipart/alternative(text/plain=one) text/plain=two\n--c)"},
		{mixed + "--b\nContent-Type: multipart/alternative; boundary=b1\n\n--b1\n\none\n--b1--\n--b--\n",
			"multipart/mixed(multipart/alternative(text/plain=one))"},
		// A multipart without parts holds its body as text.
		{mixed, "multipart/mixed(text/plain=)"},
		{mixed + "just text\n", "multipart/mixed(text/plain=just text\n)"},
		{"Content-Type: multipart/mixed\n\n--b\n\none\n", "multipart/mixed(text/plain=--b\n\none\n)"},
		{"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\none\n", "multipart/mixed(text/plain=--\n\none\n)"},
		{"Content-Type: multipart/mixed; boundary=" + strings.Repeat("x", 2000) + "\n\none", "multipart/mixed(text/plain=one)"},
		// Odd boundaries that are in use.
		{"Content-Type: multipart/mixed; boundary=\"=_a b?'()+_,-./:=\"\n\n--=_a b?'()+_,-./:=\n\none", "multipart/mixed(text/plain=one)"},
		{"Content-Type: multipart/mixed;\n\tcharset=x;\n\tboundary=\"b \"\n\n--b\n\none", "multipart/mixed(text/plain=one)"},
		{"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\n\none", "multipart/mixed(text/plain=one)"},
		// RFC 2046 §5.1.5: parts of a digest are messages.
		{"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b\nContent-Type: a/b\n\ntwo\n--b--\n",
			"multipart/digest(message/rfc822(text/plain=one) a/b=two)"},
		// RFC 2046 §5.2.1: the message inside has parts of its own.
		{"Content-Type: message/rfc822\n\n" + mixed + "--b\n\none\n--b--\n", "message/rfc822(multipart/mixed(text/plain=one))"},
		{mixed + "--b\nContent-Type: message/rfc822\n--b--\n", "multipart/mixed(message/rfc822(text/plain=))"},
		{mixed + "--b\nContent-Type: message/global\n\nSubject: ø\n--b--\n", "multipart/mixed(message/global(text/plain=))"},
		// One that is encoded cannot be looked into.
		{"Content-Type: message/rfc822\nContent-Transfer-Encoding: BASE64\n\nQQ==", "application/octet-stream=QQ=="},
		// Other kinds of message are leaves.
		{"Content-Type: message/delivery-status\n\nx", "message/delivery-status=x"},
	} {
		s := mustParse(t, c.in)
		if got := tree(&s.Root, c.in); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
		checkTree(t, &s.Root, int64(len(c.in)), 0)
		checkBinary(t, s)
	}
}

// IMAP counts text lines, those of a message with its header (RFC 3501 §7.4.2).
func TestParseLines(t *testing.T) {
	in := mixed + "--b\n\none\ntwo\n--b\n\none\n\n--b\n\n\n--b\n\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\none\n--b--\nepilogue"
	s := mustParse(t, in)
	for i, want := range []int64{2, 1, 0, 0, 3} {
		if got := s.Root.Parts[i].Lines; got != want {
			t.Errorf("part %d has %d lines, want %d", i+1, got, want)
		}
	}
	if s.Root.Lines != int64(strings.Count(in, "\n")+1-2) {
		t.Errorf("the whole has %d lines", s.Root.Lines)
	}
}

func TestParseFields(t *testing.T) {
	in := "Content-Type: image/png; Name=\"a b.png\"\r\n" +
		"Content-Transfer-Encoding: Base64 (c)\r\nContent-ID: <x@y>\r\nContent-Description: a\r\n picture\r\n" +
		"Content-Disposition: ATTACHMENT; filename*=utf-8''%c3%b8.png\r\nContent-Language: de, en-GB\r\n" +
		"Content-Location: http://x/y\r\nContent-MD5: Q2hlY2s=\r\n\r\n"
	p := mustParse(t, in).Root
	size := int64(len(in))
	want := Part{
		Type: "image", Subtype: "png", Params: []Param{{"name", "a b.png"}}, Encoding: "base64", ID: "<x@y>",
		Description: "a picture", Disposition: "attachment", DispParams: []Param{{"filename", "ø.png"}},
		Language: []string{"de", "en-GB"}, Location: "http://x/y", MD5: "Q2hlY2s=", Body: size, End: size,
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("\n got %+v\nwant %+v", p, want)
	}
}

func TestParseEnvelope(t *testing.T) {
	s := mustParse(t, "date: Sat, 21 Nov 2026\r\n 10:00:00 +0000\r\nSUBJECT: =?utf-8?q?x?=\r\n =?utf-8?q?y?=\r\n"+
		"From: Ann <a@b>\r\nReply-To:\r\nTo: c@d\r\nTo: e@f\r\nMessage-Id: <1@b>\r\nIn-Reply-To: <0@b>\r\nFrom: Eve <e@e>\r\n\r\n")
	ann := []Contact{{"Ann", "", "a", "b"}}
	want := Envelope{
		Date: "Sat, 21 Nov 2026 10:00:00 +0000", Subject: "=?utf-8?q?x?= =?utf-8?q?y?=", InReplyTo: "<0@b>", MessageID: "<1@b>",
		// RFC 3501 §7.4.2: missing and empty are as From.
		From: ann, Sender: ann, ReplyTo: ann,
		To: []Contact{{Local: "c", Host: "d"}, {Local: "e", Host: "f"}},
	}
	if !reflect.DeepEqual(s.Envelope, want) {
		t.Errorf("\n got %+v\nwant %+v", s.Envelope, want)
	}
	inner := mustParse(t, "Content-Type: message/rfc822\n\nSubject: in\n\nx").Root.Envelope
	if inner == nil || inner.Subject != "in" {
		t.Errorf("inner envelope %+v", inner)
	}
}

func TestParseReferences(t *testing.T) {
	for _, c := range []struct {
		header, id string
		refs       []string
	}{
		{"Message-ID: <a@b>\n", "a@b", nil},
		{"Message-ID: a@b\n", "a@b", nil},
		{"Message-ID: junk <a@\n b> junk\n", "a@b", nil},
		// RFC 5256 §3 step 1: References, then In-Reply-To.
		{"References: <1@x> (c)\n <2@x>\nIn-Reply-To: <2@x>\n", "", []string{"1@x", "2@x"}},
		{"References: <1@x><2@x>\nIn-Reply-To: your mail <3@x> of <4@x>\n", "", []string{"1@x", "2@x", "3@x"}},
		{"In-Reply-To: Ann's mail\n", "", nil},
		// A message is not under itself, and under no other twice.
		{"Message-ID: <1@x>\nReferences: <1@x> <2@x> <2@x> <>\n", "1@x", []string{"2@x"}},
	} {
		s := mustParse(t, c.header+"\n")
		if s.MessageID != c.id || len(s.References)+len(c.refs) > 0 && !reflect.DeepEqual(s.References, c.refs) {
			t.Errorf("%q: %q, %q", c.header, s.MessageID, s.References)
		}
	}
	var all strings.Builder
	for i := range 300 {
		all.WriteString(" <" + strings.Repeat("x", i+1) + "@y>\n")
	}
	refs := mustParse(t, "References:"+all.String()+"In-Reply-To: <p@y>\n\n").References
	if len(refs) != maxReferences || refs[0] != "x@y" || refs[98] != strings.Repeat("x", 300)+"@y" || refs[99] != "p@y" {
		t.Errorf("%d references, from %q", len(refs), refs[0])
	}
}

// Offsets do not depend on how the reader hands out the octets.
func TestLinesInPieces(t *testing.T) {
	in := mixed + strings.Repeat("x", 3*lineBuffer) + "\r\n--b\r\n\r\n" + strings.Repeat("y", lineBuffer-1) + "\r\n--b--\r\n"
	want := mustParse(t, in)
	for name, r := range map[string]io.Reader{
		"one":  iotest.OneByteReader(strings.NewReader(in)),
		"half": iotest.HalfReader(strings.NewReader(in)),
		"last": iotest.DataErrReader(strings.NewReader(in)),
	} {
		l := newLines(r, lineBuffer)
		var got strings.Builder
		for {
			piece, _, err := l.next()
			if err != nil {
				break
			}
			got.Write(piece)
		}
		if got.String() != in || l.pos != int64(len(in)) {
			t.Errorf("%s: %d octets of %d", name, got.Len(), len(in))
		}
	}
	if got := want.Root.Parts[0]; in[got.Body:got.End] != strings.Repeat("y", lineBuffer-1) {
		t.Errorf("body from %d to %d", got.Body, got.End)
	}
}

type brokenReader struct{}

var errBroken = errors.New("broken")

func (brokenReader) ReadAt([]byte, int64) (int, error) { return 0, errBroken }
func (brokenReader) Read([]byte) (int, error)          { return 0, errBroken }

func TestReaderErrors(t *testing.T) {
	if _, err := Parse(brokenReader{}, 10); !errors.Is(err, errBroken) {
		t.Error("Parse:", err)
	}
	if err := Header(brokenReader{}, nil); !errors.Is(err, errBroken) {
		t.Error("Header:", err)
	}
	for _, encoding := range []string{"7bit", "base64", "quoted-printable"} {
		p := Part{Encoding: encoding, End: 10}
		if _, err := io.ReadAll(p.Text(brokenReader{})); !errors.Is(err, errBroken) {
			t.Error(encoding, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(plainMail(2 << 10)))
	f.Add(string(alternativeMail(2 << 10)))
	f.Add("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b\nContent-Type: message/rfc822\n\n--b--\n")
	f.Add("Content-Type: text/plain; name*0*=utf-8''%c3; name*1=\"x\"\r\nTo: A: b@c;\r\n\r\nx")
	f.Add(nested(3))
	f.Fuzz(func(t *testing.T, mail string) {
		s := mustParse(t, mail)
		if s.Root.Header != 0 || s.Root.End != int64(len(mail)) {
			t.Fatalf("root from %d to %d of %d", s.Root.Header, s.Root.End, len(mail))
		}
		checkTree(t, &s.Root, int64(len(mail)), 0)
		checkBinary(t, s)
		if p, ok := s.Root.Find([]int{1}); !ok {
			t.Fatal("no part 1")
		} else if _, err := io.Copy(io.Discard, p.Text(strings.NewReader(mail))); err != nil {
			t.Fatal(err)
		}
	})
}
