package main

import (
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"buzon/internal/message"
)

// recipientsOf parses addresses.
func recipientsOf(t testing.TB, list ...string) (addresses []message.Address) {
	t.Helper()
	for _, text := range list {
		addresses = append(addresses, parsed(t, text))
	}
	return addresses
}

// A server without 8BITMIME gets quoted-printable, which says the same and is signed anew (RFC 6152 §3).
func TestSendSevenBit(t *testing.T) {
	t.Parallel()
	old, modern := startPeer(t), startPeer(t, func(p *peer) { p.offers = []string{"8BITMIME"} })
	a := startWithAna(t, inWorld(world{}.with("old.test", old.addr).with("modern.test", modern.addr)))
	text := "¡Hola, señor!\n\n.¿Qué tal?\nFrom here: 100 % = all" + strings.Repeat(" más de lo mismo por aquí", 35) + "\nend \n"
	letter := "From: ana@example.test\nTo: luis@old.test\nSubject: =?utf-8?q?Ma=C3=B1ana?=\nMIME-Version: 1.0\n" +
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + text
	if err := submitMail(sender(t, a), nil, plainly("luis@old.test", "luis@modern.test"), letter); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*peer{old, modern} {
		got := p.await(t, 1)[0].data
		checkSignatures(t, a, got)
		m := must[*mail.Message](t)(mail.ReadMessage(strings.NewReader(got)))
		var body io.Reader = m.Body
		ascii := !strings.ContainsFunc(got, func(r rune) bool { return r > 126 })
		if ascii != (p == old) {
			t.Errorf("ascii: %v\n%s", ascii, got)
		}
		if p == old {
			if cte := m.Header.Get("Content-Transfer-Encoding"); cte != "quoted-printable" {
				t.Errorf("the encoding is %q", cte)
			}
			body = quotedprintable.NewReader(m.Body)
		}
		if read := string(must[[]byte](t)(io.ReadAll(body))); strings.ReplaceAll(read, "\r\n", "\n") != text {
			t.Errorf("it reads\n%s", read)
		}
	}
}

// Names beyond ASCII: domains travel as A-labels anywhere, local parts only to servers with SMTPUTF8 (RFC 6531).
func TestSendUTF8(t *testing.T) {
	t.Parallel()
	with := startSink(t, nil)
	without := startPeer(t, func(p *peer) { p.offers = []string{"8BITMIME"} })
	w := world{}.with("with.test", with.addr).with("xn--espaa-rta.test", without.addr)
	a := startWithAna(t, inWorld(w))
	client := sender(t, a)
	utf8 := &smtp.MailOptions{UTF8: true}
	reports := int64(0)
	for i, c := range []struct {
		to, subject string
		arrives     string // as; "" is a report with the status
		status      string
	}{
		{to: "josé@with.test", subject: "plain", arrives: "josé@with.test"},
		{to: "luis@with.test", subject: "señor", arrives: "luis@with.test"},
		{to: "luis@españa.test", subject: "plain", arrives: "luis@xn--espaa-rta.test"},
		{to: "josé@españa.test", subject: "plain", status: "5.6.7"},
		{to: "luis@españa.test", subject: "señor", status: "5.6.9"},
	} {
		mail := fmt.Sprintf("From: ana@example.test\nSubject: %s\n\nnumber %d\n", c.subject, i)
		if err := submitMail(client, utf8, plainly(c.to), mail); err != nil {
			t.Fatal(err)
		}
		emptied(t, a)
		if c.status != "" {
			reports++
			n := readNotice(t, inbox(t, a, reports))
			n.wants(t, "Action: failed", "Status: "+c.status)
			if !strings.Contains(n.text, "  "+c.to+"\n") {
				t.Errorf("the report is\n%s", n.text)
			}
			continue
		}
		found := slices.IndexFunc(append(with.all(), without.all()...), func(m sunk) bool {
			return strings.Contains(m.data, fmt.Sprintf("number %d\r\n", i)) && strings.Join(m.to, " ") == c.arrives
		})
		if found < 0 {
			t.Errorf("%s did not arrive as %s", c.to, c.arrives)
		}
	}
	if got := with.all(); len(got) != 2 || !got[0].options.UTF8 || !got[1].options.UTF8 {
		t.Errorf("%d messages with SMTPUTF8", len(got))
	}
	if got := without.all(); len(got) != 1 || strings.Contains(without.commands(), "SMTPUTF8") {
		t.Errorf("%d messages without: %s", len(got), without.commands())
	}
}

// A domain may also be an address.
func TestSendLiteral(t *testing.T) {
	t.Parallel()
	four, six := startPeer(t), startPeer(t)
	a := startWithAna(t, inWorld(world{Ports: map[string]string{"192.0.2.77:25": four.addr, "[2001:db8::5]:25": six.addr}}))
	client := sender(t, a)
	for to, p := range map[string]*peer{"luis@[192.0.2.77]": four, "luis@[IPv6:2001:db8::5]": six} {
		if err := submitMail(client, nil, plainly(to), letter("luis", "by address")); err != nil {
			t.Fatal(err)
		}
		if got := p.await(t, 1)[0]; !strings.EqualFold(strings.Join(got.to, " "), to) {
			t.Errorf("%s arrived as %q", to, got.to)
		}
	}
	if err := submitMail(client, nil, plainly("luis@[192.0.2.300]"), letter("luis", "no address")); err == nil {
		t.Error("a literal that is no address was accepted")
	}
	emptied(t, a)
}

// Too large for the other side: nobody sends it to hear so.
func TestSendTooLarge(t *testing.T) {
	t.Parallel()
	small := startPeer(t, func(p *peer) { p.offers = []string{"SIZE 5000"} })
	a := startWithAna(t, inWorld(world{}.with("small.test", small.addr)))
	if err := submitMail(sender(t, a), nil, plainly("luis@small.test"), longLetter("luis@small.test", "large")); err != nil {
		t.Fatal(err)
	}
	n := readNotice(t, inbox(t, a, 1))
	n.wants(t, "Status: 5.3.4")
	if !strings.Contains(n.text, "too large") || small.commands() != "" {
		t.Errorf("after %q:\n%s", small.commands(), n.text)
	}
}

// A house with a name of its own language greets in A-labels, and can make a certificate.
func TestServerNameBeyondASCII(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	if got := buzon(t, "", "settings", "set", "server.name", "mail.españa.test", "--data", data); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	a := startWithAna(t, func(o *options) { o.data = data })
	conn := dialHalfway(t, a.addr("smtp"))
	conn.ask(t, "EHLO client.test\r\n", "220 mail.xn--espaa-rta.test ")
	if err := a.certs.Leaf(nil).VerifyHostname("mail.xn--espaa-rta.test"); err != nil {
		t.Error(err)
	}
}
