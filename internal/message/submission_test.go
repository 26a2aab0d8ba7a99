package message

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func submission(t *testing.T, in string) (Submission, string) {
	t.Helper()
	r := strings.NewReader(in)
	s, err := ReadSubmission(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	left, err := io.ReadAll(Without(r, r.Size(), s.Strip))
	if err != nil {
		t.Fatal(err)
	}
	return s, string(left)
}

func TestSubmissionStrip(t *testing.T) {
	long := strings.Repeat("x", 3*lineBuffer)
	for _, c := range []struct{ in, want string }{
		// RFC 5322 §3.6.3: with its folds, however it is written, wherever it stands.
		{"Bcc: a@b\r\nTo: c@d\r\n\r\nBcc: body\r\n", "To: c@d\r\n\r\nBcc: body\r\n"},
		{"To: c@d\r\nbCC : a@b,\r\n c@d,\r\n\te@f\r\nX: y\r\n\r\n", "To: c@d\r\nX: y\r\n\r\n"},
		{"To: c@d\r\nBcc:\r\n\r\nbody", "To: c@d\r\n\r\nbody"},
		{"Resent-Bcc: a@b\nTo: c@d\nBcc: e@f", "To: c@d\n"},
		{"Bcc: " + long + "\r\n " + long + "\r\nTo: x\r\n\r\n", "To: x\r\n\r\n"},
		{"X: " + strings.Repeat(long+"\r\n ", 20) + "z\r\nBcc: a@b\r\n\r\n", "X: " + strings.Repeat(long+"\r\n ", 20) + "z\r\n\r\n"},
		// RFC 5321 §4.4.
		{"Return-Path: <a@b>\r\nTo: x\r\n\r\n", "To: x\r\n\r\n"},
		// What says nothing makes room for what does.
		{"Date: \r\nMessage-ID: \r\nTo: x\r\n\r\n", "To: x\r\n\r\n"},
		{"Message-ID: <>\r\nTo: x\r\n\r\n", "To: x\r\n\r\n"},
		// Only the header, only those fields.
		{"X-Bcc: a\r\nBcc-X: b\r\n\r\n", "X-Bcc: a\r\nBcc-X: b\r\n\r\n"},
		{"\r\nBcc: a\r\n", "\r\nBcc: a\r\n"},
		{"no field\r\nBcc: a\r\nX: y\r\n\r\n", "no field\r\nX: y\r\n\r\n"},
		{"", ""},
	} {
		if _, got := submission(t, c.in); got != c.want {
			t.Errorf("%.60q: left %.200q, want %.200q", c.in, got, c.want)
		}
	}
}

func TestSubmissionSays(t *testing.T) {
	in := "From: Ann <ann@example.org>, b@example.net\r\nSender: c@example.org\r\nDate: today\r\n" +
		"Message-ID: <1@x>\r\nSubject: =?utf-8?q?a?=\r\n b\r\nCc: d@e\r\n\r\nbody"
	got, _ := submission(t, in)
	want := Submission{
		From: []Contact{{"Ann", "", "ann", "example.org"}, {Local: "b", Host: "example.net"}}, FromFields: 1,
		Sender: []Contact{{Local: "c", Host: "example.org"}}, Subject: "=?utf-8?q?a?= b", MessageID: "1@x",
		HasDate: true, HasMessageID: true, HasRecipient: true, Body: int64(len(in) - len("body")),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if add := got.Additions(time.Now(), "x@y", Address{"z", "z"}, false); add != nil {
		t.Errorf("adds %q", add)
	}
	if got, _ := submission(t, "From: a@b\r\nFrom: c@d\r\nX: \xc3\xa9\r\n\r\n"); got.FromFields != 2 || !got.UTF8 || len(got.From) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestAuthors(t *testing.T) {
	for in, want := range map[string][]Address{
		"From: Ann <Ann@EXAMPLE.org>\r\n\r\n":                {{"Ann", "example.org"}},
		"From: Us: a@b.c, d@e.f;\r\nSender: <g@h.i>\r\n\r\n": {{"a", "b.c"}, {"d", "e.f"}, {"g", "h.i"}},
		"From: a@xn--blbr-roah.no\r\n\r\n":                   {{"a", "blåbær.no"}},
		// Nobody, or nobody one can know.
		"To: x\r\n\r\n":                        nil,
		"From: \r\n\r\n":                       nil,
		"From: root\r\n\r\n":                   nil,
		"From: a@b.c, Ann\r\n\r\n":             nil,
		"From: a@b.c\r\nSender: <>, x\r\n\r\n": nil,
	} {
		s, _ := submission(t, in)
		if got, ok := s.Authors(); !reflect.DeepEqual(got, want) || ok != (want != nil) {
			t.Errorf("%q: %v, %v", in, got, ok)
		}
	}
}

// RFC 6409 §8.
func TestAdditions(t *testing.T) {
	now := time.Date(2026, 11, 22, 4, 5, 6, 0, time.FixedZone("", 3600))
	for _, c := range []struct{ in, want string }{
		{"\r\n", "From: <ann@xn--blbr-roah.no>\r\nTo: undisclosed-recipients:;\r\nDate: Sun, 22 Nov 2026 04:05:06 +0100\r\nMessage-ID: <1@x>\r\n"},
		{"From: a@b\r\nTo: c@d\r\nDate: x\r\n\r\n", "Message-ID: <1@x>\r\n"},
		{"From: a@b\r\nBcc: c@d\r\nDate: x\r\nMessage-ID: <y>\r\n\r\n", "To: undisclosed-recipients:;\r\n"},
		{"From: a@b\r\nCc: c@d\r\nDate: \r\nMessage-ID: <y>\r\n\r\n", "Date: Sun, 22 Nov 2026 04:05:06 +0100\r\n"},
	} {
		s, _ := submission(t, c.in)
		if got := string(s.Additions(now, "1@x", Address{"ann", "blåbær.no"}, false)); got != c.want {
			t.Errorf("%q: adds %q, want %q", c.in, got, c.want)
		}
	}
}

func TestReadSubmissionErrors(t *testing.T) {
	if _, err := ReadSubmission(brokenReaderAt{}, 10); err == nil {
		t.Error("no error")
	}
}

type brokenReaderAt struct{}

func (brokenReaderAt) ReadAt([]byte, int64) (int, error) { return 0, io.ErrNoProgress }

func TestViews(t *testing.T) {
	const all = "0123456789"
	for _, c := range []struct {
		out  []Range
		want string
	}{
		{nil, all},
		{[]Range{{0, 1}, {3, 5}, {9, 10}}, "125678"},
		{[]Range{{3, 5}, {0, 4}, {4, 4}, {2, 3}}, "56789"}, // in any order, overlapping
		{[]Range{{0, 10}}, ""},
		{[]Range{{8, 100}, {50, 60}}, "01234567"},
	} {
		got := Without(strings.NewReader(all), 10, c.out)
		if err := iotest.TestReader(got, []byte(c.want)); err != nil {
			t.Errorf("%v: %v", c.out, err)
		}
	}
	short := Join(io.NewSectionReader(strings.NewReader("abc"), 0, 5), io.NewSectionReader(strings.NewReader("de"), 0, 2))
	if got, err := io.ReadAll(short); err == nil || string(got) != "abc" {
		t.Errorf("%q, %v: an end within is an error", got, err)
	}
}

func FuzzReadSubmission(f *testing.F) {
	f.Add([]byte("From: a@b\r\nBcc: c@d,\r\n e@f\r\nDate:\r\n\r\nbody"))
	f.Add([]byte("bcc\t:x\nResent-Bcc: y"))
	f.Add([]byte(" Bcc: x\r\nMessage-ID: <\r\n >\r\nFrom: A: b@c;"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		s, err := ReadSubmission(r, r.Size())
		if err != nil {
			t.Fatal(err)
		}
		left, err := io.ReadAll(Without(r, r.Size(), s.Strip))
		if err != nil {
			t.Fatal(err)
		}
		body := string(in[s.Body:])
		if !bytes.HasSuffix(left, []byte(body)) {
			t.Fatalf("the body %q is not the end of %q", body, left)
		}
		again, err := ReadSubmission(bytes.NewReader(left), int64(len(left)))
		if err != nil || len(again.Strip) > 0 {
			t.Fatalf("%q still has %v, %v", left, again.Strip, err)
		}
		s.Authors()
		whole := append(s.Additions(time.Unix(0, 0), "1@x", Address{"a", "b.c"}, false), left...)
		if got, err := ReadSubmission(bytes.NewReader(whole), int64(len(whole))); err != nil ||
			!got.HasDate || !got.HasMessageID || !got.HasRecipient || got.FromFields == 0 {
			t.Fatalf("%q lacks something: %+v, %v", whole, got, err)
		}
	})
}
