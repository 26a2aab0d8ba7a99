package report

import (
	"strings"
	"testing"

	"buzon/internal/message"
)

func TestStatus(t *testing.T) {
	reply := func(code, class, subject, detail int) message.Reply {
		return message.Reply{Code: code, Enhanced: [3]int{class, subject, detail}, Text: "x"}
	}
	for _, c := range []struct {
		r    Recipient
		kind Kind
		want string
	}{
		{Recipient{Diagnostic: reply(550, 5, 1, 1)}, Failed, "5.1.1"},
		{Recipient{Diagnostic: reply(550, 0, 0, 0)}, Failed, "5.0.0"},
		{Recipient{Diagnostic: reply(451, 4, 3, 0)}, Failed, "4.4.7"}, // given up
		{Recipient{Diagnostic: reply(421, 0, 0, 0)}, Failed, "4.4.7"},
		{Recipient{}, Failed, "5.0.0"},
		{Recipient{Diagnostic: reply(451, 4, 3, 0)}, Delayed, "4.3.0"},
		{Recipient{}, Delayed, "4.0.0"},
		{Recipient{Diagnostic: reply(250, 2, 1, 5)}, Relayed, "2.1.5"},
		// The class must fit (RFC 3464 §2.3.4).
		{Recipient{Diagnostic: reply(250, 5, 1, 5)}, Delivered, "2.0.0"},
		{Recipient{Diagnostic: reply(550, 5, -1, 5000)}, Failed, "5.0.0"},
		{Recipient{Status: "5.7.26", Diagnostic: reply(550, 5, 7, 1)}, Failed, "5.7.26"},
		// One report may hold several fates.
		{Recipient{Action: Relayed, Diagnostic: reply(250, 0, 0, 0)}, Delivered, "2.0.0"},
	} {
		d := DSN{Kind: c.kind}
		if got := d.status(&c.r); got != c.want {
			t.Errorf("%v %+v: %s, want %s", c.kind, c.r, got, c.want)
		}
	}
}

// Recipients with the same fate stand together; a reply from outside breaks nothing.
func TestHostileReply(t *testing.T) {
	d := failed("Subject: a\x1b[31m\xe2\x80\xaeb\r\nMessage-ID: <x\x01y>\r\n\r\n")
	r := d.Recipients[0]
	r.Original = "rfc822;a@b\r\nX: y"
	r.RemoteMTA = "mx\r\nBcc: z"
	r.Diagnostic.Text = "line one\nline\ttwo\x00\x1b[31m\xff\r\n\r\n--boundary\r\n" + strings.Repeat("long", 500)
	d.Recipients = []Recipient{d.Recipients[0], r, r}
	d.EnvID = "a\r\n\r\nb"
	_, parts, _ := build(t, d)
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	text := strings.ReplaceAll(parts[0].text, "\r\n", "\n")
	if strings.ContainsAny(text, "\x00\x1b\u202e") || strings.Count(text, "For technicians") != 2 || !strings.Contains(text, "> line two") {
		t.Errorf("%q", text)
	}
	for line := range strings.Lines(parts[1].text) {
		if strings.HasPrefix(line, "X:") || strings.HasPrefix(line, "Bcc") || strings.HasPrefix(line, "b") {
			t.Errorf("%q", parts[1].text)
		}
	}
	if n := strings.Count(parts[1].text, "\r\n\r\n"); n != 3 {
		t.Errorf("%d groups: %q", n, parts[1].text)
	}
}

// RFC 3461 §4.1, and no report about a report.
func TestWanted(t *testing.T) {
	kinds := []Kind{Failed, Delayed, Delivered, Relayed, Expanded}
	for _, c := range []struct {
		notify message.Notify
		from   message.Address
		want   string // of kinds
	}{
		{0, ann, "++---"},
		{message.NotifyNever, ann, "-----"},
		{message.NotifyFailure, ann, "+----"},
		{message.NotifyDelay, ann, "-+---"},
		{message.NotifySuccess, ann, "--+++"},
		{message.NotifySuccess | message.NotifyFailure | message.NotifyDelay, ann, "+++++"},
		{0, message.Address{}, "-----"},
		{message.NotifySuccess | message.NotifyFailure, message.Address{}, "-----"},
	} {
		got := ""
		for _, k := range kinds {
			got += map[bool]string{true: "+", false: "-"}[Wanted(c.notify, k, c.from)]
		}
		if got != c.want || Wanted(c.notify, 0, c.from) {
			t.Errorf("%v from %v: %s, want %s", c.notify, c.from, got, c.want)
		}
	}
}
