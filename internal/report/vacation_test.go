package report

import (
	"io"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"buzon/internal/message"
)

func facts(t *testing.T, header string) Facts {
	t.Helper()
	r := strings.NewReader(header)
	f, err := ReadFacts(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAnswerable(t *testing.T) {
	own := []message.Address{bob, {Local: "Robert", Domain: "example.net"}}
	const to = "To: bob@example.net\r\n"
	for _, c := range []struct {
		header string
		from   message.Address
		want   bool
	}{
		{to, ann, true},
		{"Cc: x@y.z, Bob <BOB@EXAMPLE.NET>\r\n", ann, true},
		{"To: us: robert@example.net;\r\n", ann, true},
		{"Resent-To: bob@example.net\r\nTo: x@y.z\r\n", ann, true},
		// RFC 3834 §2: nobody wrote to this person.
		{"To: list@example.org\r\n", ann, false},
		{"Subject: x\r\n", ann, false},
		{"To: \"bob@example.net\" <x@y.z>\r\n", ann, false},
		// A machine says so.
		{to + "Auto-Submitted: auto-generated\r\n", ann, false},
		{to + "Auto-Submitted: auto-replied; owner=x\r\n", ann, false},
		{to + "Auto-Submitted: no\r\n", ann, true},
		{to + "auto-submitted: NO (a person)\r\n", ann, true},
		{to + "Auto-Submitted: \r\n", ann, false},
		{to + "Precedence: Bulk\r\n", ann, false},
		{to + "Precedence: list\r\n", ann, false},
		{to + "Precedence: first-class\r\n", ann, true},
		{to + "X-Auto-Response-Suppress: DR, OOF\r\n", ann, false},
		{to + "X-Auto-Response-Suppress: DR\r\n", ann, true},
		{to + "Content-Type: multipart/report; report-type=delivery-status\r\n", ann, false},
		{to + "Content-Type: text/plain\r\n", ann, true},
		{to + "Feedback-ID: x\r\n", ann, false},
		// Lists.
		{to + "List-Id: <x.y.z>\r\n", ann, false},
		{to + "list-unsubscribe: <mailto:x@y.z>\r\n", ann, false},
		{to + "List-X: y\r\n", ann, true},
		// Nobody reads there.
		{to, message.Address{}, false},
		{to, message.Address{Local: "postmaster"}, false},
		{to, message.Address{Local: "owner-cats", Domain: "a.b"}, false},
		{to, message.Address{Local: "cats-request", Domain: "a.b"}, false},
		{to, message.Address{Local: "cats-bounces+bob=example.net", Domain: "a.b"}, false},
		{to, message.Address{Local: "MAILER-DAEMON", Domain: "a.b"}, false},
		{to, message.Address{Local: "NoReply", Domain: "a.b"}, false},
		{to, message.Address{Local: "no-reply-123", Domain: "a.b"}, false},
		{to, message.Address{Local: "root", Domain: "a.b"}, false},
		{to, message.Address{Local: "rooter", Domain: "a.b"}, true},
		// Oneself, by any address.
		{to, bob, false},
		{to, message.Address{Local: "ROBERT", Domain: "example.net"}, false},
	} {
		if got := Answerable(facts(t, c.header+"\r\n"+to), c.from, own); got != c.want {
			t.Errorf("%q from %v: %v", c.header, c.from, got)
		}
	}
}

func TestVacation(t *testing.T) {
	v := Vacation{
		Language: "es", From: bob, Name: "Bob", To: ann, Text: "Estoy de vacaciones.\nVuelvo en mayo. " + strings.Repeat("Adiós. ", 200), Now: at(4),
		MessageID: "answer@example.net",
		Facts:     facts(t, "Subject: =?utf-8?q?Ni=C3=B1os?=\r\nMessage-ID: <3@example.org>\r\nReferences: <1@example.org>\r\n <2@example.org> <b\x01d@x>\r\n\r\n"),
	}
	h, text := answer(t, v)
	for name, want := range map[string]string{
		"From": "Bob <bob@example.net>", "To": "<ann@example.org>", "Date": "Sun, 22 Nov 2026 04:05:00 +0100",
		"Message-Id": "<answer@example.net>", "In-Reply-To": "<3@example.org>",
		"References": "<1@example.org> <2@example.org> <3@example.org>", "Auto-Submitted": "auto-replied",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := message.DecodeHeader(h.Get("Subject")); got != "Re: Niños" {
		t.Error(got)
	}
	if text != v.Text+"\n" {
		t.Errorf("%q", text)
	}
	// An answer is not answered, neither by us nor by others who read RFC 3834.
	raw, err := v.Mail()
	if err != nil {
		t.Fatal(err)
	}
	f, err := ReadFacts(raw.Body, raw.Body.Size())
	if err != nil || Answerable(f, bob, []message.Address{ann}) {
		t.Errorf("%+v, %v", f, err)
	}
}

// answer is a vacation answer as a stranger reads it.
func answer(t *testing.T, v Vacation) (mail.Header, string) {
	t.Helper()
	m, err := v.Mail()
	if err != nil {
		t.Fatal(err)
	}
	octets, err := io.ReadAll(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	checkLines(t, string(octets))
	read, err := mail.ReadMessage(strings.NewReader(string(octets)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(read.Body))
	if err != nil {
		t.Fatal(err)
	}
	return read.Header, strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestVacationSubject(t *testing.T) {
	for _, c := range []struct{ own, subject, want string }{
		{"", "Lunch", "Re: Lunch"},
		{"", "RE: Lunch", "Re: Lunch"},
		{"", "Re:", "Automatic answer"},
		{"", "", "Automatic answer"},
		{"Away", "Lunch", "Away"},
		{"", strings.Repeat("x", 200), "Re: " + strings.Repeat("x", maxSubject-1) + "…"},
		{"a\r\nBcc: x@y.z", "", "a Bcc: x@y.z"},
	} {
		h, _ := answer(t, Vacation{From: bob, To: ann, Subject: c.own, Facts: Facts{Subject: c.subject}, Now: at(1)})
		if got := message.DecodeHeader(h.Get("Subject")); got != c.want || h.Get("Bcc") != "" || h.Get("In-Reply-To") != "" {
			t.Errorf("%+v: %q, %v", c, got, h)
		}
	}
}

func TestVacationInternational(t *testing.T) {
	m, err := Vacation{From: bob, To: eve, Text: "x", Now: at(1)}.Mail()
	if err != nil || !m.UTF8 || m.BodyType != "7BIT" {
		t.Errorf("%+v, %v", m, err)
	}
	for _, v := range []Vacation{{From: bob}, {To: bob}} {
		if _, err := v.Mail(); err == nil {
			t.Errorf("%+v: no error", v)
		}
	}
}

// What people paste may have any line ends.
func TestVacationText(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc\nd": "a\nb\nc\nd\n", "a\r": "a\n", "": "\n", "\x13\r": "\x13\n", ".\n..\nFrom x": ".\n..\nFrom x\n", "a\xff": "a\n",
		strings.Repeat("é", maxVacation): strings.Repeat("é", maxVacation/2) + "\n",
	} {
		if _, got := answer(t, Vacation{From: bob, To: ann, Text: in, Now: at(1)}); got != want {
			t.Errorf("%.40q: %.40q, want %.40q", in, got, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("To: bob@example.net\r\nSubject: x\r\nAuto-Submitted: no\r\n\r\n", "text")
	f.Add("Precedence: (\r\nX-Auto-Response-Suppress: ,;\r\nReferences: <>< >\r\nMessage-ID: <\r\n>\r\n", "\xff.\r\n.")
	f.Fuzz(func(t *testing.T, header, text string) {
		r := strings.NewReader(header)
		facts, err := ReadFacts(r, r.Size())
		if err != nil {
			t.Fatal(err)
		}
		Answerable(facts, ann, []message.Address{bob})
		answer(t, Vacation{From: bob, Name: text[:min(len(text), 500)], To: ann, Text: text, Facts: facts, Now: at(1)})
	})
}
