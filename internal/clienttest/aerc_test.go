package clienttest

import (
	"os"
	"path/filepath"
	"testing"
)

const aercAccounts = `
[box]
source = imaps://ana%40example.test:two%20words@localhost:{port imaps}
outgoing = smtps://ana%40example.test:two%20words@localhost:{port smtps}
from = Ana <ana@example.test>
copy-to = Sent
default = INBOX
cache-headers = true
`

// The editor writes a text and is done.
const aercConf = `
[compose]
editor = {dir}/editor
address-book-cmd =

[ui]
new-message-bell = false
`

func TestAerc(t *testing.T) {
	need(t, "aerc")
	need(t, "tmux")
	t.Parallel()
	b := newBox(t)
	if err := os.MkdirAll(filepath.Join(b.dir, ".config/aerc"), 0o700); err != nil {
		t.Fatal(err)
	}
	b.write(".config/aerc/accounts.conf", b.fill(aercAccounts))
	b.write(".config/aerc/aerc.conf", b.fill(aercConf))
	if err := os.Chmod(b.write("editor", "#!/bin/sh\necho '¿Qué tal?' >> \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	mails := kinds()
	b.deliver(t, mails...)
	e, luis := b.look(t, ana), b.look(t, luis)
	s := b.onScreen(t, b.fill("SSL_CERT_FILE={ca} aerc 2>aerc.err >aerc.log"))

	// It lists the folders and the mail.
	for _, name := range []string{"Archive", "Drafts", "Junk", "Sent", "Trash", "¡Mañana!", "in three lines"} {
		s.await(name)
	}

	// It opens one, which is then seen.
	s.enter(":select 0")
	s.enter(":view")
	e.await("INBOX", "UNSEEN", len(mails)-1)
	s.enter(":close")

	// It makes a folder, copies, moves, archives and removes.
	s.enter(":mkdir Made/Here")
	s.await("(no messages)") // it has gone there
	s.enter(":cf INBOX")
	s.await("in three lines")
	s.enter(":select 1")
	s.enter(":copy Made/Here")
	e.await("Made/Here", "MESSAGES", 1)
	s.enter(":move Trash")
	e.await("Trash", "MESSAGES", 1)
	s.enter(":select 3")
	s.enter(":archive flat")
	e.await("Archive", "MESSAGES", 1)
	s.enter(":select 3")
	s.enter(":delete")
	e.await("INBOX", "MESSAGES", len(mails)-3)

	// It sends one and files the copy.
	s.enter(":compose -H 'To: luis@example.test' -H 'Subject: from aerc'")
	s.await("Send this email?")
	s.press("y")
	luis.await("INBOX", "MESSAGES", 1)
	e.await("Sent", "MESSAGES", 1)

	// It is told of new mail, and of what another program does.
	s.enter(":cf INBOX")
	b.deliver(t, subjected("told in idle"))
	s.await("told in idle")
	e.change("INBOX", `STORE * +FLAGS (\Deleted)`, `EXPUNGE`)
	s.awaitGone("told in idle")
	s.enter(":quit")
}
