package imap

import (
	"bytes"
	"strings"
	"testing"

	"buzon/internal/message"
)

// sectionMail has every kind of part (after RFC 3501 §6.4.5's example).
var sectionMail = crlf(`From: a@x
Subject: outer
 folded
Content-Type: multipart/mixed; boundary=m

--m

first
--m
Content-Type: message/rfc822
X-Part: 2

Subject: inner
Content-Type: multipart/alternative; boundary=i

--i

inner plain
--i
Content-Type: text/html

<p>
--i--

--m
Content-Type: message/rfc822

Subject: simple

simple text
--m--
`)

// extract is what a section of a mail is.
func extract(t *testing.T, mail, text string) (got string, ok bool) {
	t.Helper()
	sec, _, err := parseSection(readFrom(text + "\r\n"))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	e, ok := sec.locate(&parse(t, mail).Root, int64(len(mail)))
	if !ok {
		return "", false
	}
	octets := mail[e.lo:e.hi]
	if sec.filtered() {
		octets = string(sec.filter(nil, []byte(octets)))
	}
	e = sec.cut(extent{0, int64(len(octets))})
	return octets[e.lo:e.hi], true
}

func TestSection(t *testing.T) {
	for _, c := range []struct{ section, want string }{
		// The whole, its header and its text.
		{"]", sectionMail},
		{"HEADER]", sectionMail[:strings.Index(sectionMail, "--m")]},
		{"TEXT]", sectionMail[strings.Index(sectionMail, "--m"):]},
		// Fields: order and folds as in the message, the blank line always.
		{"HEADER.FIELDS (SUBJECT FROM)]", "From: a@x\r\nSubject: outer\r\n folded\r\n\r\n"},
		{"HEADER.FIELDS (subject)]", "Subject: outer\r\n folded\r\n\r\n"},
		{"HEADER.FIELDS (Subj)]", "\r\n"},
		{"HEADER.FIELDS.NOT (Content-Type Subject)]", "From: a@x\r\n\r\n"},
		// Parts.
		{"1]", "first"},
		{"1.MIME]", "\r\n"},
		{"2.MIME]", "Content-Type: message/rfc822\r\nX-Part: 2\r\n\r\n"},
		{"2.HEADER]", "Subject: inner\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"},
		{"2.HEADER.FIELDS (Subject)]", "Subject: inner\r\n\r\n"},
		{"2.1]", "inner plain"},
		{"2.2]", "<p>"},
		{"2.2.MIME]", "Content-Type: text/html\r\n\r\n"},
		{"3]", "Subject: simple\r\n\r\nsimple text"},
		{"3.TEXT]", "simple text"},
		{"3.1]", "simple text"}, // part 1 of a message that is no multipart is its text
		// Octets of it; beyond the end there are none.
		{"1]<0.3>", "fir"},
		{"1]<3.100>", "st"},
		{"1]<5.1>", ""},
		{"1]<900000000000000000.900000000000000000>", ""},
		{"HEADER.FIELDS (From)]<6.3>", "a@x"},
	} {
		if got, ok := extract(t, sectionMail, c.section); !ok || got != c.want {
			t.Errorf("BODY[%s: got %q, %v, want %q", c.section, got, ok, c.want)
		}
	}
}

func TestSectionMissing(t *testing.T) {
	for _, section := range []string{"4]", "1.1]", "2.3]", "1.HEADER]", "1.TEXT]", "2.1.HEADER]", "1.HEADER.FIELDS (X)]", "9.9.9.MIME]"} {
		if got, ok := extract(t, sectionMail, section); ok {
			t.Errorf("BODY[%s: got %q", section, got)
		}
	}
}

// A message that is no multipart has one part (RFC 3501 §6.4.5).
func TestSectionOfPlainMessage(t *testing.T) {
	mail := crlf("Subject: x\n\nbody\n")
	for section, want := range map[string]string{"1]": "body\r\n", "TEXT]": "body\r\n", "1.MIME]": "Subject: x\r\n\r\n"} {
		if got, ok := extract(t, mail, section); !ok || got != want {
			t.Errorf("BODY[%s: got %q, %v", section, got, ok)
		}
	}
	if _, ok := extract(t, mail, "2]"); ok {
		t.Error("there is no part 2")
	}
}

func TestFilterBrokenHeaders(t *testing.T) {
	s := section{kind: sectionFields, fields: []string{"a", "b"}}
	for header, want := range map[string]string{
		"":                         "\r\n",
		"A: 1":                     "A: 1\r\n\r\n", // no line end
		"A: 1\nB:2\n":              "A: 1\nB:2\n\r\n",
		"A : 1\r\n":                "A : 1\r\n\r\n", // RFC 5322 §4.5
		"junk\r\nA: 1\r\n":         "A: 1\r\n\r\n",
		" junk\r\nA: 1\r\n":        "A: 1\r\n\r\n",
		"A: 1\r\n\t\r\nB: 2\r\n":   "A: 1\r\n\t\r\nB: 2\r\n\r\n",
		"A: 1\r\n\r\nB: 2\r\n":     "A: 1\r\n\r\n",
		"a: 1\r\nA: 2\r\nC: 3\r\n": "a: 1\r\nA: 2\r\n\r\n",
		": 1\r\n\xff: 2\r\nB:\r\n": "B:\r\n\r\n",
		"\rX: 0\nA: 1\n":           "A: 1\n\r\n", // a bare CR ends nothing
	} {
		if got := string(s.filter(nil, []byte(header))); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

// eachField is message.Header without its allocations: they agree.
func FuzzEachField(f *testing.F) {
	f.Add([]byte(sectionMail))
	f.Add([]byte("A: 1\n B\r\n\tC\nD:\n\nE: 2"))
	f.Fuzz(func(t *testing.T, header []byte) {
		type field struct{ name, raw string }
		var ours, theirs []field
		message.EachField(header, func(name, raw []byte) bool {
			ours = append(ours, field{string(name), string(raw)})
			return true
		})
		message.Header(bytes.NewReader(header), func(name string, raw []byte) bool {
			theirs = append(theirs, field{name, string(raw)})
			return true
		})
		if len(ours) != len(theirs) {
			t.Fatalf("%q: %q and %q", header, ours, theirs)
		}
		for i := range ours {
			if ours[i].name != theirs[i].name || !strings.HasPrefix(ours[i].raw, theirs[i].raw) {
				t.Fatalf("%q: %q and %q", header, ours[i], theirs[i])
			}
		}
	})
}
