package clienttest

import "testing"

// Debian's alpine knows no file of certificates to trust besides the system's, so it is told not to check, as its people do.
const pinerc = `
personal-name=Ana
user-domain=example.test
customized-hdrs=From: Ana <ana@example.test>
inbox-path={localhost:{port imaps}/ssl/novalidate-cert/user="{user}"}INBOX
folder-collections=box {localhost:{port imaps}/ssl/novalidate-cert/user="{user}"}[]
default-fcc={localhost:{port imaps}/ssl/novalidate-cert/user="{user}"}Sent
trash-folder={localhost:{port imaps}/ssl/novalidate-cert/user="{user}"}Trash
smtp-server=localhost:{port smtps}/ssl/novalidate-cert/user="{user}"
feature-list=quit-without-confirm,expunge-without-confirm,expunge-without-confirm-everywhere,enable-suspend,
	no-enable-8bit-esmtp-negotiation,send-without-confirm
last-version-used=6.26
last-time-prune-questioned=126.11
`

func TestAlpine(t *testing.T) {
	need(t, "alpine")
	need(t, "tmux")
	t.Parallel()
	b := newBox(t)
	mails := kinds()
	b.deliver(t, mails...)
	e, luis := b.look(t, ana), b.look(t, luis)
	s := b.onScreen(t, "alpine -p "+b.write("pinerc", b.fill(pinerc)))
	s.await("ENTER PASSWORD")
	s.enter(password)
	s.await("Preserve password")
	s.press("n")

	// It lists the folders and the mail.
	s.press("l")
	for _, name := range []string{"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"} {
		s.await(name)
	}
	s.press("i")
	s.await("¡Mañana!")

	// It opens one, which is then seen.
	s.press("Home")
	s.press("Enter")
	s.await("see you tomorrow.")
	e.await("INBOX", "UNSEEN", len(mails)-1)
	s.press("<")
	s.await("MESSAGE INDEX")

	// It saves one in another folder, which removes it here.
	s.press("s")
	s.await("SAVE")
	s.press("C-u")
	s.enter("Archive")
	e.await("Archive", "MESSAGES", 1)
	s.press("x")
	e.await("INBOX", "MESSAGES", len(mails)-1)

	// It sends one and files the copy.
	s.press("c")
	s.await("COMPOSE MESSAGE")
	s.enter("luis@example.test")
	s.press("Tab", "Tab")
	s.enter("from alpine")
	s.enter("¿Qué tal?")
	s.press("C-x")
	s.await("ENTER PASSWORD")
	s.enter(password)
	s.await("Preserve password")
	s.press("n")
	luis.await("INBOX", "MESSAGES", 1)
	e.await("Sent", "MESSAGES", 1)

	// It looks for new mail, and sees what another program does.
	s.await("MESSAGE INDEX")
	b.deliver(t, subjected("told while open"))
	s.press("C-l") // rather than wait a quarter of a minute
	s.await("told while open")
	e.change("INBOX", `STORE * +FLAGS (\Deleted)`, `EXPUNGE`)
	s.press("C-l")
	s.awaitGone("told while open")
	s.press("q")
}
