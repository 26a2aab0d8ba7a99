package clienttest

import (
	"path/filepath"
	"strings"
	"testing"
)

// NeoMutt of Debian 12 tries SCRAM-SHA-256-PLUS where it is offered, but gives its SASL library no channel binding, so the
// authenticator has to be named.
const neomuttrc = `
set from = "luis@example.test"
set realname = "Luis"
set use_from = yes
set smtp_url = "smtps://luis%40example.test@localhost:{port smtps}/"
set smtp_pass = "{password}"
set smtp_authenticators = "plain"
set imap_user = "{user}"
set imap_pass = "{password}"
set ssl_ca_certificates_file = "{ca}"
set ssl_force_tls = yes
set send_charset = "us-ascii:utf-8"
set crypt_use_gpgme = no
set mbox_type = Maildir
set tmpdir = "{dir}"
set folder = "{dir}"
set record = ""
set confirmcreate = no
set confirmappend = no
set delete = no
set quit = yes
set wait_key = no
`

// neomutt composes for itself, so the texts are compared, not the headers.
func TestNeomuttSends(t *testing.T) {
	need(t, "neomutt")
	t.Parallel()
	b := newBox(t)
	rc := b.write("neomuttrc", b.fill(neomuttrc))
	for _, text := range []string{"Hello.\n", "Grüße, 你好 👍\n", ".\n..\n.dot\nFrom me\n", "\n"} {
		b.program(t, text, "neomutt", "-F", rc, "-s", "Über alles", "-a", b.write("a.bin", "\x00\x01\r\n\xff"), "--", ana)
		got := b.take(t, ana)
		if len(got) != 1 {
			t.Fatalf("%d messages arrived", len(got))
		}
		want := strings.ReplaceAll(text, "\n", "\r\n")
		if !strings.Contains(got[0], want) || !strings.Contains(got[0], "AAENCv8=") {
			t.Errorf("%q: got\n%s", text, got[0])
		}
	}
}

// All mail is copied from INBOX to a maildir, and from there back.
func TestNeomuttCopies(t *testing.T) {
	need(t, "neomutt")
	need(t, "script") // its screen
	t.Parallel()
	b := newBox(t)
	b.write("neomuttrc", b.fill(neomuttrc))
	inbox, folder := "imaps://localhost:"+b.port("imaps")+"/INBOX", filepath.Join(b.dir, "copied")
	b.fetches(t, nil, func(t *testing.T) []string {
		b.neomutt(t, inbox, folder)
		return b.readAll(t, "copied/new/*", "copied/cur/*")
	})
	b.take(t, ana)
	b.neomutt(t, folder, inbox)
	compare(t, kinds(), nil, b.take(t, ana))
}

// neomutt copies all messages of one folder to another, as a person does it at the screen.
func (b *box) neomutt(t *testing.T, from, to string) {
	t.Helper()
	keys := "<tag-pattern>~A<enter><tag-prefix><copy-message>" + to + "<enter><quit>"
	b.program(t, "", "script", "--quiet", "--return", "--command",
		"TERM=linux neomutt -F neomuttrc -f "+from+" -e 'push "+keys+"'", filepath.Join(b.dir, "screen"))
}
