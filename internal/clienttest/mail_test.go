package clienttest

import (
	"encoding/base64"
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mail is one kind of message. Its octets are what has to arrive.
type mail struct {
	kind     string
	to       string // in the envelope
	data     string // with CRLF
	smtputf8 bool   // the envelope needs it
}

// kinds are all sorts of mail, each with its name in a header field, so that it can be found again.
func kinds() []mail {
	all := []mail{
		{kind: "plain", data: "Hello Ana,\r\n\r\nsee you tomorrow.\r\n"},
		{kind: "8-bit", data: part("text/plain; charset=iso-8859-1", "8bit") + "\xa1Ma\xf1ana!\r\n\xff\xfe\x80 caf\xe9\r\n"},
		{kind: "utf-8", data: part("text/plain; charset=utf-8", "8bit") + "Grüße aus Köln, 你好, 👍\r\n"},
		{kind: "utf-8-header", data: "Subject: ¡Mañana! 👍\r\n\r\nHeader in UTF-8.\r\n"},
		{kind: "empty", data: "\r\n"},
		{kind: "empty-lines", data: "\r\n\r\n\r\n"},
		{kind: "dots", data: "\r\n.\r\n..\r\n...\r\n.hidden\r\n a.b\r\n.\r\n"},
		{kind: "from-line", data: "\r\nFrom me to you\r\n>From here\r\n"},
		{kind: "spaces", data: "\r\ntrailing  \t\r\n \r\n\t\r\nend \r\n"},
		{kind: "long-lines", data: "\r\n" + strings.Repeat("x", 998) + "\r\n" + strings.Repeat("y", 1900) + "\r\n"},
		{kind: "broken-mime", data: "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--c\r\n--b\r\nContent-Type: multipart/\r\n" +
			"Content-Transfer-Encoding: base64\r\n\r\n====\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n--b-\r\nno end"},
		{kind: "folded", data: "Subject: a\r\n subject\r\n\tin three lines\r\nX-Empty:\r\n\r\nbody\r\n"},
		{kind: "attachment", data: attachment(20 << 20)},
	}
	for i := range all {
		all[i].to = ana
		head := "From: Luis <luis@example.test>\r\nTo: ana@example.test\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n" +
			fmt.Sprintf("Message-ID: <%s@example.test>\r\nX-Kind: %s\r\n", all[i].kind, all[i].kind)
		if body := all[i].data; !regexp.MustCompile(`(?s)^([\w-]+:[^\r\n]*\r\n([ \t][^\r\n]*\r\n)*)*\r\n`).MatchString(body) {
			head += "\r\n"
		}
		all[i].data = ended(head + all[i].data)
	}
	return all
}

// toJose is a mail to an address that ASCII cannot write.
func toJose() mail {
	return mail{kind: "utf-8-address", to: jose, smtputf8: true, data: "From: luis@example.test\r\nTo: José <josé@example.test>\r\n" +
		"Subject: ¡Hola!\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <jose@example.test>\r\nX-Kind: utf-8-address\r\n\r\n¿Qué tal?\r\n"}
}

// part is the header of a body.
func part(contentType, encoding string) string {
	return "MIME-Version: 1.0\r\nContent-Type: " + contentType + "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n"
}

// ended makes the last line whole: no program sends anything else.
func ended(s string) string {
	if strings.HasSuffix(s, "\r\n") {
		return s
	}
	return s + "\r\n"
}

// attachment is a message with so many octets, before base64, that no compression makes smaller.
func attachment(octets int) string {
	if testing.Short() {
		octets >>= 6
	}
	random := make([]byte, octets)
	rand.New(rand.NewSource(1)).Read(random)
	var b strings.Builder
	b.WriteString(part("application/octet-stream; name=a.bin", "base64"))
	text := base64.StdEncoding.EncodeToString(random)
	for len(text) > 0 {
		n := min(76, len(text))
		b.WriteString(text[:n] + "\r\n")
		text = text[n:]
	}
	return b.String()
}

// lf is the message as programs keep it on disk.
func (m mail) lf() string { return strings.ReplaceAll(m.data, "\r\n", "\n") }

// stuffed is the message as DATA has it (RFC 5321 §4.5.2).
func (m mail) stuffed() string { return strings.ReplaceAll("\r\n"+m.data, "\r\n.", "\r\n..")[2:] }

// ours are the lines that the appliance puts before a message, and every other server on its way does, too.
var ours = regexp.MustCompile(`^((Return-Path|Delivered-To|X-Buzon-Verdict|Authentication-Results|Received):[^\n]*\n([ \t][^\n]*\n)*)+`)

// marks are lines that programs put into a message for themselves.
var marks = regexp.MustCompile(`(?m)^(X-TUID|X-OfflineIMAP|X-getmail-retrieved-from-mailbox|Content-Length|Lines):.*\n`)

// same checks that a message is what was sent, behind the lines that are ours. Line ends may be CRLF or LF.
func same(t *testing.T, m mail, got string) {
	t.Helper()
	got = marks.ReplaceAllString(ours.ReplaceAllString(strings.ReplaceAll(got, "\r\n", "\n"), ""), "")
	want := m.lf()
	if got == want {
		return
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	t.Errorf("%s: differs at octet %d (%d octets, want %d):\ngot  %q\nwant %q", m.kind, i, len(got), len(want), around(got, i), around(want, i))
}

func around(s string, i int) string { return s[max(0, i-60):min(len(s), i+60)] }

// sends lets a program send every kind and looks at what arrived.
func (b *box) sends(t *testing.T, mails []mail, send func(t *testing.T, m mail, file string)) {
	t.Helper()
	for _, m := range mails {
		t.Run(m.kind, func(t *testing.T) {
			send(t, m, b.write("mail", m.data))
			got := b.take(t, m.to)
			if len(got) != 1 {
				t.Fatalf("%d messages arrived", len(got))
			}
			same(t, m, got[0])
		})
	}
}

// pythonRewrites are the kinds that Python's email package, on which some programs build, cannot write as it has read
// them. Of these it is only asked that they arrive.
func pythonRewrites() []string { return []string{"broken-mime", "folded"} }

// fetches puts every kind into the mailbox and looks at what a program gets from it.
func (b *box) fetches(t *testing.T, rewrites []string, fetch func(t *testing.T) []string) {
	t.Helper()
	mails := kinds()
	b.deliver(t, mails...)
	found := fetch(t)
	if len(found) != len(mails) {
		t.Errorf("%d messages fetched, want %d", len(found), len(mails))
	}
	compare(t, mails, rewrites, found)
}

// compare pairs messages by their kind. The octets of those in rewrites may differ.
func compare(t *testing.T, mails []mail, rewrites, found []string) {
	t.Helper()
	byKind := make(map[string]string)
	for _, f := range found {
		byKind[kindOf(f)] = f
	}
	for _, m := range mails {
		got, ok := byKind[m.kind]
		if !ok {
			t.Errorf("%s: not fetched", m.kind)
			continue
		}
		if !slices.Contains(rewrites, m.kind) {
			same(t, m, got)
		}
	}
}

var kindField = regexp.MustCompile(`X-Kind: (\S+)`)

func kindOf(message string) string {
	if found := kindField.FindStringSubmatch(message); found != nil {
		return found[1]
	}
	return ""
}
