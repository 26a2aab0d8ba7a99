package clienttest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const neomuttrc = `
set from = "luis@example.test"
set realname = "Luis"
set use_from = yes
set smtp_url = "smtps://luis%40example.test@localhost:{port smtps}/"
set smtp_pass = "{password}"
set imap_user = "{user}"
set imap_pass = "{password}"
set imap_login = "{user}"
set folder = "imaps://localhost:{port imaps}/"
set record = "+Sent"
set ssl_ca_certificates_file = "{ca}"
set ssl_force_tls = yes
set ssl_starttls = yes
set send_charset = "us-ascii:utf-8"
set crypt_use_gpgme = no
`

// neomutt composes for itself, so the texts are compared, not the headers. What it sends by SMTP it also stores in Sent by
// IMAP, and both must be the same.
func TestNeomutt(t *testing.T) {
	need(t, "neomutt")
	t.Parallel()
	b := newBox(t)
	rc := b.write("neomuttrc", b.fill(neomuttrc))
	for _, text := range []string{"Hello.\n", "Grüße, 你好 👍\n", ".\n..\n.dot\nFrom me\n", ""} {
		b.program(t, text, "neomutt", "-F", rc, "-s", "Über alles", "-a", b.write("a.bin", "\x00\x01\r\n\xff"), "--", ana)
		got := b.take(t, ana)
		if len(got) != 1 {
			t.Fatalf("%d messages arrived", len(got))
		}
		want := strings.ReplaceAll(text, "\n", "\r\n")
		if !strings.Contains(got[0], want) || !strings.Contains(got[0], "AAENCv8=") {
			t.Errorf("%q: got\n%s", text, got[0])
		}
		sent := literal(b.imap(t, "EXAMINE Sent\r\nb2 FETCH * BODY.PEEK[]"))
		same(t, mail{kind: "Sent", data: withoutStatus(sent)}, got[0])
	}
}

var literalStart = regexp.MustCompile(`(?s)\{(\d+)\}\r\n(.*)`)

// literal is the first one in what an IMAP server said.
func literal(said string) string {
	found := literalStart.FindStringSubmatch(said)
	if found == nil {
		return ""
	}
	n, err := strconv.Atoi(found[1])
	if err != nil || n > len(found[2]) {
		return ""
	}
	return found[2][:n]
}

// withoutStatus takes away what mutt notes for itself in its own copy.
func withoutStatus(m string) string {
	return regexp.MustCompile(`(?m)^(Status|Content-Length|Lines|Bcc):.*\r\n`).ReplaceAllString(m, "")
}
