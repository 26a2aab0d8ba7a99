package imap

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"buzon/internal/message"
)

func parse(t testing.TB, text string) *message.Structure {
	t.Helper()
	s, err := message.Parse(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// crlf lets tests write messages as people read them.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func renderEnvelope(e *message.Envelope, utf8 bool) string {
	r := renderer{utf8: utf8}
	r.envelope(e)
	return string(r.b)
}

func renderStructure(p *message.Part, extended, utf8 bool) string {
	r := renderer{utf8: utf8}
	r.structure(p, extended)
	return string(r.b)
}

var envelopes = []struct{ header, want string }{
	// All fields; RFC 3501 §7.4.2: Sender and Reply-To default to From, addresses stand without spaces.
	{
		"Date: Sun, 22 Nov 2026 10:00:00 +0000\nSubject: hello\nFrom: Luis <luis@example.test>\n" +
			"To: ana@example.test, \"B, C\" <b@c.test>\nMessage-ID: <1@x>\nIn-Reply-To: <0@x>\n",
		`("Sun, 22 Nov 2026 10:00:00 +0000" "hello" (("Luis" NIL "luis" "example.test"))` +
			` (("Luis" NIL "luis" "example.test")) (("Luis" NIL "luis" "example.test"))` +
			` ((NIL NIL "ana" "example.test")("B, C" NIL "b" "c.test")) NIL NIL "<0@x>" "<1@x>")`,
	},
	// Nothing at all.
	{"X: y\n", `(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)`},
	// A group and its end.
	{"To: friends: a@b.test, c@d.test;\n",
		`(NIL NIL NIL NIL NIL ((NIL NIL "friends" NIL)(NIL NIL "a" "b.test")(NIL NIL "c" "d.test")(NIL NIL NIL NIL)) NIL NIL NIL NIL)`},
	// Quotes and backslashes are escaped.
	{"Subject: a \"b\" \\c\n", `(NIL "a \"b\" \\c" NIL NIL NIL NIL NIL NIL NIL NIL)`},
	// 8-bit octets are a literal.
	{"Subject: caf\xc3\xa9\n", "(NIL {5}\r\ncaf\xc3\xa9 NIL NIL NIL NIL NIL NIL NIL NIL)"},
	// Encoded words stay as they are.
	{"Subject: =?utf-8?q?caf=C3=A9?=\n", `(NIL "=?utf-8?q?caf=C3=A9?=" NIL NIL NIL NIL NIL NIL NIL NIL)`},
	// NUL has no form (RFC 3501 §9 CHAR8).
	{"Subject: a\x00b\n", `(NIL "ab" NIL NIL NIL NIL NIL NIL NIL NIL)`},
}

func TestEnvelope(t *testing.T) {
	for _, c := range envelopes {
		s := parse(t, crlf(c.header+"\n"))
		if got := renderEnvelope(&s.Envelope, false); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.header, got, c.want)
		}
	}
}

// RFC 6855 §3: with UTF8=ACCEPT, UTF-8 is quoted; other octets are still a literal.
func TestEnvelopeUTF8(t *testing.T) {
	for subject, want := range map[string]string{
		"café \"x\"": `"café \"x\""`,
		"caf\xe9":    "{4}\r\ncaf\xe9",
	} {
		got := renderEnvelope(&message.Envelope{Subject: subject}, true)
		if want = "(NIL " + want + " NIL NIL NIL NIL NIL NIL NIL NIL)"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

var structures = []struct{ name, mail, body, structure string }{
	{
		"plain text", "Subject: x\n\none\ntwo\n",
		`("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 2)`,
		`("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 2 NIL NIL NIL NIL)`,
	},
	{
		"all fields of a part",
		"Content-Type: IMAGE/PNG; NAME=a.png\nContent-ID: <c@x>\nContent-Description: d\nContent-Transfer-Encoding: BASE64\n" +
			"Content-MD5: m==\nContent-Disposition: Attachment; filename=\"a b.png\"\nContent-Language: en, de\nContent-Location: l\n\nAAAA\n",
		`("image" "png" ("name" "a.png") "<c@x>" "d" "base64" 6)`,
		`("image" "png" ("name" "a.png") "<c@x>" "d" "base64" 6 "m==" ("attachment" ("filename" "a b.png")) ("en" "de") "l")`,
	},
	{
		"no space between the parts of a multipart", // Outlook for iOS
		"Content-Type: multipart/alternative; boundary=b\n\n--b\n\na\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: Quoted-Printable\n\n<p>\n--b--\n",
		`(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 1)("text" "html" NIL NIL NIL "quoted-printable" 3 1) "alternative")`,
		`(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 1 NIL NIL NIL NIL)("text" "html" NIL NIL NIL "quoted-printable" 3 1 NIL NIL NIL NIL)` +
			` "alternative" ("boundary" "b") NIL NIL NIL)`,
	},
	{
		"a message in a message",
		"Content-Type: message/rfc822\n\nSubject: in\n\nbody\n",
		`("message" "rfc822" NIL NIL NIL "7bit" 21 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1) 3)`,
		`("message" "rfc822" NIL NIL NIL "7bit" 21 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL)` +
			` ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)`,
	},
	{
		"a name that is not ASCII is RFC 2231 again",
		"Content-Type: application/pdf; name*=utf-8''caf%C3%A9%20%221%22.pdf\n\n",
		`("application" "pdf" ("name*" "utf-8''caf%C3%A9%20%221%22.pdf") NIL NIL "7bit" 0)`,
		`("application" "pdf" ("name*" "utf-8''caf%C3%A9%20%221%22.pdf") NIL NIL "7bit" 0 NIL NIL NIL NIL)`,
	},
}

func TestStructure(t *testing.T) {
	for _, c := range structures {
		root := &parse(t, crlf(c.mail)).Root
		if got := renderStructure(root, false, false); got != c.body {
			t.Errorf("%s: BODY\ngot  %s\nwant %s", c.name, got, c.body)
		}
		if got := renderStructure(root, true, false); got != c.structure {
			t.Errorf("%s: BODYSTRUCTURE\ngot  %s\nwant %s", c.name, got, c.structure)
		}
	}
}

// Trees that the parser does not make still render as something valid.
func TestStructureDamaged(t *testing.T) {
	deep := &message.Part{Type: "multipart", Subtype: "mixed"}
	for range 10_000 {
		deep = &message.Part{Type: "multipart", Subtype: "mixed", Parts: []message.Part{*deep}}
	}
	for name, p := range map[string]*message.Part{
		"a multipart without parts": {Type: "multipart", Subtype: "mixed"},
		"a message without inside":  {Type: "message", Subtype: "rfc822", Encoding: "7bit"},
		"nothing":                   {},
		"a negative size":           {Type: "text", Subtype: "plain", Encoding: "7bit", Body: 9, Lines: -1},
		"NUL and line ends":         {Type: "a\x00b", Subtype: "c\r\nd", Description: "\x00"},
		"10,000 levels":             deep,
	} {
		for _, extended := range []bool{false, true} {
			if err := checkSyntax(renderStructure(p, extended, false)); err != nil {
				t.Errorf("%s: %v: %s", name, err, renderStructure(p, extended, false))
			}
		}
	}
}

// RFC 6532 §3.7: message/global is a message to those who know UTF-8 only.
func TestStructureGlobal(t *testing.T) {
	root := &parse(t, crlf("Content-Type: message/global\n\nSubject: é\n\nx\n")).Root
	if got := renderStructure(root, false, false); strings.Contains(got, "é") {
		t.Errorf("without UTF8: %s", got)
	}
	if got := renderStructure(root, false, true); !strings.Contains(got, `"é"`) {
		t.Errorf("with UTF8: %s", got)
	}
}

// checkSyntax reads a parenthesised value of strings, numbers and NIL (RFC 3501 §4).
func checkSyntax(s string) error {
	d := readFrom(s + "\r\n")
	d.limits.nonSync, d.limits.line = 1<<30, 1<<30
	d.reset()
	d.literals = 1 << 30
	if err := checkValue(d); err != nil {
		return err
	}
	return d.CRLF()
}

func checkValue(d *decoder) error {
	c, err := d.Peek()
	switch {
	case err != nil:
		return err
	case c == '(':
		return checkList(d)
	case c >= '0' && c <= '9':
		_, err = d.Number64()
		return err
	}
	_, _, err = d.NString()
	return err
}

// checkList reads a list; between two lists the space may be missing.
func checkList(d *decoder) error {
	if err := d.Expect('('); err != nil {
		return err
	}
	for n := 0; !d.Take(')'); n++ {
		if c, _ := d.Peek(); n > 0 && c != '(' {
			if err := d.SP(); err != nil {
				return err
			}
		}
		if err := checkValue(d); err != nil {
			return fmt.Errorf("item %d: %w", n, err)
		}
	}
	return nil
}

// Whatever a message holds, its ENVELOPE and BODYSTRUCTURE are valid.
func FuzzRender(f *testing.F) {
	for _, c := range structures {
		f.Add([]byte(crlf(c.mail)), false)
	}
	for _, c := range envelopes {
		f.Add([]byte(crlf(c.header+"\n")), true)
	}
	f.Fuzz(func(t *testing.T, mail []byte, utf8 bool) {
		s, err := message.Parse(bytes.NewReader(mail), int64(len(mail)))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			renderEnvelope(&s.Envelope, utf8), renderStructure(&s.Root, true, utf8), renderStructure(&s.Root, false, utf8),
		} {
			if err := checkSyntax(text); err != nil {
				t.Fatalf("%v: %q", err, text)
			}
			if strings.Contains(text, "\x00") {
				t.Fatalf("NUL in %q", text)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	s := parse(b, contentMail(0))
	r := renderer{}
	b.ReportAllocs()
	for b.Loop() {
		r.b = r.b[:0]
		r.envelope(&s.Envelope)
		r.structure(&s.Root, true)
	}
	b.SetBytes(int64(len(r.b)))
}

func BenchmarkFlagsLine(b *testing.B) {
	var out bytes.Buffer
	s := viewOf(uids(1, 2, 3))
	s.enc = &encoder{w: bufio.NewWriter(&out)}
	s.keywords, s.recentFrom = []string{"$Junk", "$Forwarded"}, 100
	f := &fetcher{s: s, fetchBuffers: new(fetchBuffers), m: &Message{UID: 2, Flags: Seen | Answered | 1<<KeywordBit}}
	f.req, _ = parseFetchRequest(readFrom("FLAGS\r\n"), true)
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := f.writeMessage(); err != nil {
			b.Fatal(err)
		}
	}
}
