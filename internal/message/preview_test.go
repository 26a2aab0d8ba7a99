package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func preview(t testing.TB, mail string) string {
	t.Helper()
	r := strings.NewReader(mail)
	s, err := Parse(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	text, err := Preview(r, &s.Root)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestPreview(t *testing.T) {
	html := "Content-Type: text/html; charset=utf-8\r\n\r\n"
	for _, c := range []struct{ mail, want string }{
		// One line, white space as it is read.
		{"\r\nHello,\r\n\r\n  how\tare you?\r\n", "Hello, how are you?"},
		{"\r\n", ""},
		{"Subject: no body", ""},
		// Decoded from encoding and charset.
		{"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nStra=DFe =\r\nfrei", "Straße frei"},
		{"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nzqzOu8+GzrE=\r\n", "άλφα"},
		// Quotes with the line above them, signatures, rules, what stands below an older message's header.
		{"\r\nOn Monday Ann wrote:\r\n> old\r\n> words\r\n\r\nNew words.\r\n-- \r\nAnn\r\n", "New words."},
		{"\r\nOn Monday, 1 December 2026, Ann Lee <ann@example.org>\r\nwrote:\r\n\r\n> old\r\n\r\nYes.\r\n", "Yes."},
		{"\r\nFine.\r\n\r\n-----Original Message-----\r\nFrom: x\r\n", "Fine."},
		{"\r\n=====\r\nNews\r\n=====\r\nAll is well", "News All is well"},
		{"\r\n> only\r\n> a quote\r\n", "only a quote"},
		{"\r\nThree things:\r\none\r\n", "Three things: one"},
		// HTML without markup, styles and what is not shown.
		{html + "<html><head><title>T</title><style>p{}</style></head><body><p>Dear&nbsp;Ann,</p><p>it&#39;s <b>b</b>old</p></body>", "Dear Ann, it's bold"},
		{html + "<script>x<y</script><!-- c -->a<br>b<div class='gmail_quote'>old</div>", "a b"},
		{html + "<blockquote>old</blockquote>new", "new"},
		{html + "<blockquote>old</blockquote>", "old"},
		{html + "a\u200c\u034f\u00ad&zwnj;b", "ab"},
		{html + "<p>open <a href='", "open"},
		// Of alternatives the plain one, unless it is empty; no attachments.
		{alternative("hello", "<p>HELLO</p>"), "hello"},
		{alternative(" \r\n", "<p>HELLO</p>"), "HELLO"},
		{"Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx", ""},
		{"Content-Type: image/png\r\n\r\nx", ""},
		{"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--\r\n", ""},
	} {
		if got := preview(t, c.mail); got != c.want {
			t.Errorf("%q: got %q, want %q", c.mail, got, c.want)
		}
	}
}

func alternative(plain, html string) string {
	return "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n" + plain +
		"\r\n--b\r\nContent-Type: text/html\r\n\r\n" + html + "\r\n--b--\r\n"
}

// RFC 8970 §3.3: characters, not octets, are counted.
func TestPreviewLength(t *testing.T) {
	mail := "Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat("ж ", 1000)
	if n := utf8.RuneCountInString(preview(t, mail)); n != PreviewLength {
		t.Errorf("%d characters", n)
	}
}

func FuzzPreview(f *testing.F) {
	f.Add("\r\nOn x:\r\n> a\r\n-- \r\n")
	f.Add("Content-Type: text/html\r\n\r\n<blockquote><p class=gmail_quote>a&amp;b")
	f.Add(alternative("a", "<b"))
	f.Fuzz(func(t *testing.T, mail string) {
		text := preview(t, mail)
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > PreviewLength || strings.ContainsAny(text, "\r\n\x00") {
			t.Fatalf("%q gives %q", mail, text)
		}
	})
}

// RFC 5256 §3: References alone count when there are any, and quotes do not.
func TestThreadIDs(t *testing.T) {
	for _, c := range []struct {
		header string
		own    string
		refs   []string
	}{
		{"Message-ID: <1@x>\n", "1@x", nil},
		{"Message-ID: <\"1\"@x>\nReferences: <2@x> <3@x>\nIn-Reply-To: <4@x>\n", "1@x", []string{"2@x", "3@x"}},
		{"In-Reply-To: <4@x> <5@x>\n", "", []string{"4@x"}},
		{"Message-ID: <1@x>\nReferences: <1@x>\nIn-Reply-To: <4@x>\n", "1@x", []string{"4@x"}},
		{"References: <2@x>\nIn-Reply-To: <2@x>\n", "", []string{"2@x"}},
	} {
		r := strings.NewReader(c.header + "\n")
		s, err := Parse(r, r.Size())
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		own := EachThreadID(s.AppendThreadIDs(nil), func(ref uint64) { got = append(got, ref) })
		if c.own != "" && own != uint64(HashID(c.own)) || c.own == "" && own != 0 || len(got) != len(c.refs) {
			t.Errorf("%q: own %d, %d refs", c.header, own, len(got))
			continue
		}
		for i, ref := range c.refs {
			if got[i] != uint64(HashID(ref)) {
				t.Errorf("%q: reference %d is not %s", c.header, i, ref)
			}
		}
	}
}

func BenchmarkPreview(b *testing.B) {
	mail := "Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat("Some words of a mail.\r\n", 400)
	r := strings.NewReader(mail)
	s, err := Parse(r, r.Size())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Preview(r, &s.Root); err != nil {
			b.Fatal(err)
		}
	}
}
