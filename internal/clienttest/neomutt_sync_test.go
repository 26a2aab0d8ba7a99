package clienttest

import (
	"path/filepath"
	"strings"
	"testing"
)

// With a cache of headers on disk, NeoMutt asks a server what has changed since it was there last: by QRESYNC, by CONDSTORE,
// or by looking at all flags.
const neomuttCacheRC = `
set imap_user = "{user}"
set imap_pass = "{password}"
set ssl_ca_certificates_file = "{ca}"
set ssl_force_tls = yes
set folder = "imaps://localhost:{port imaps}/"
set spoolfile = "+INBOX"
set header_cache = "{dir}/headers"
set message_cachedir = "{dir}/messages"
set imap_condstore = {condstore}
set imap_qresync = {qresync}
set imap_idle = yes
set tmpdir = "{dir}"
set crypt_use_gpgme = no
set sort = mailbox-order
set index_format = "%4C %Z|%s;"
set mark_old = no
set quit = yes
set wait_key = no
set delete = yes
set mail_check = 1
set sleep_time = 0
set timeout = 1
`

func TestNeomuttCache(t *testing.T) {
	need(t, "neomutt")
	need(t, "tmux")
	for _, way := range []struct{ name, condstore, qresync, asks string }{
		{"qresync", "yes", "yes", " VANISHED)"}, {"condstore", "yes", "no", "(CHANGEDSINCE "}, {"flags", "no", "no", " (UID FLAGS)"},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			rc := b.write("neomuttrc", b.fill(replace(neomuttCacheRC, "{condstore}", way.condstore, "{qresync}", way.qresync)))
			command := "neomutt -F " + rc + " -d 2 -l " + filepath.Join(b.dir, "debug")
			for _, subject := range []string{"one", "two", "three", "four"} {
				b.deliver(t, subjected(subject))
			}
			e := b.look(t, ana)

			// The first time it knows nothing.
			s := b.onScreen(t, "sh -c 'while read go; do "+command+"; done'")
			s.press("Enter")
			s.await("4 N  |four;")
			s.press("1", "Enter", "Enter") // opens it
			s.await("Subject: one")
			s.press("q", "$") // goes back, and writes what is new
			e.await("INBOX", "UNSEEN", 3)
			s.press("q")
			s.awaitGone("four;")

			// The second time, things have changed.
			e.change("INBOX", `STORE 2 +FLAGS (\Flagged)`, `STORE 3 +FLAGS (\Deleted)`, `EXPUNGE`, `STORE 1 -FLAGS (\Seen)`)
			b.deliver(t, subjected("five"))
			s.press("Enter")
			for _, row := range []string{"four;", "five;", "1 N  |one;", "two;"} {
				s.await(row)
			}
			if text := s.text(); strings.Contains(text, "three;") || !strings.Contains(text, "2 N !|two;") {
				t.Errorf("what changed is not on the screen:\n%s", text)
			}

			// It is told while it looks, and removes one itself.
			b.deliver(t, subjected("six"))
			s.await("5 N  |six;")
			e.change("INBOX", `STORE 1 +FLAGS (\Deleted)`, `EXPUNGE`)
			s.awaitGone("one;")
			s.press("1", "Enter")
			s.press("d")
			s.press("$")
			e.await("INBOX", "MESSAGES", 3)
			s.press("q")
			s.awaitGone("six;")
			s.press("Enter")
			s.await("3 N  |six;")
			s.await("2 N  |five;")
			s.press("q")
			if !strings.Contains(strings.Join(b.readAll(t, "debug*"), ""), way.asks) {
				t.Errorf("it did not ask for what has changed by %s", way.asks)
			}
		})
	}
}

// subjected is a mail with nothing but a subject.
func subjected(subject string) mail {
	return mail{to: ana, data: "From: someone@example.org\r\nSubject: " + subject + "\r\n\r\n" + subject + "\r\n"}
}
