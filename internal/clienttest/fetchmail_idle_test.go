package clienttest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// With idle, fetchmail stays connected, and mail that comes is told to it.
const fetchmailIdleRC = `
poll localhost protocol IMAP port {port imaps} bad-header accept
user "{user}" password "{password}" ssl
sslcertck sslcertfile "{ca}"
idle nokeep no rewrite
mda "sh -c 'cat > $(mktemp {dir}/fetched/XXXXXXXX)'"
`

func TestFetchmailIdle(t *testing.T) {
	need(t, "fetchmail")
	t.Parallel()
	b := newBox(t)
	if err := os.Mkdir(filepath.Join(b.dir, "fetched"), 0o700); err != nil {
		t.Fatal(err)
	}
	mails := kinds()
	half := len(mails) / 2
	b.deliver(t, mails[:half]...)
	b.background(t, nil, nil, "fetchmail", "--fetchmailrc", b.write("fetchmailrc", b.fill(fetchmailIdleRC)), "--nodetach", "--nosyslog",
		"--invisible", "-vv", "--pidfile", filepath.Join(b.dir, "pid"))
	e := b.look(t, ana)
	e.await("INBOX", "MESSAGES", 0)
	b.deliver(t, mails[half:]...)
	e.await("INBOX", "MESSAGES", 0)
	eventually(t, "all mail is here", func() (bool, string) {
		n := len(b.glob(t, "fetched/*"))
		return n == len(mails), strconv.Itoa(n)
	})
	compare(t, mails, nil, b.readAll(t, "fetched/*"))
}
