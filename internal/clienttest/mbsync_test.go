package clienttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const mbsyncrc = `
IMAPAccount box
Host localhost
Port {port}
User {user}
Pass "{password}"
SSLType {tls}
CertificateFile {ca}

IMAPStore far
Account box

MaildirStore near
Path {dir}/near/
Inbox {dir}/near/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
`

func TestMbsync(t *testing.T) {
	need(t, "mbsync")
	for _, way := range []struct{ service, tls string }{{"imaps", "IMAPS"}, {"imap", "STARTTLS"}} {
		t.Run(way.service, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if err := os.Mkdir(filepath.Join(b.dir, "near"), 0o700); err != nil {
				t.Fatal(err)
			}
			rc := b.write("mbsyncrc", b.fill(replace(mbsyncrc, "{port}", b.port(way.service), "{tls}", way.tls)))
			b.bothWays(t, "near/INBOX", nil, func(t *testing.T) { b.program(t, "", "mbsync", "--config", rc, "--all") })
		})
	}
}

// bothWays tries a program that keeps a maildir and the mailbox the same: inbox is the maildir of INBOX.
func (b *box) bothWays(t *testing.T, inbox string, rewrites []string, sync func(t *testing.T)) {
	t.Helper()
	all := []string{inbox + "/new/*", inbox + "/cur/*"}
	b.fetches(t, rewrites, func(t *testing.T) []string {
		sync(t)
		return b.readAll(t, all...)
	})
	b.folderBothWays(t, inbox, sync)

	// Flagged there is flagged here; removed there is removed here.
	there := b.look(t, ana)
	there.change("INBOX", `STORE 1 +FLAGS (\Flagged)`, `STORE 2 +FLAGS (\Deleted)`, `EXPUNGE`)
	sync(t)
	if n := len(b.glob(t, all...)); n != there.count("INBOX", "MESSAGES") {
		t.Errorf("%d messages are left here", n)
	}
	if n := len(b.glob(t, inbox+"/*/*:2,*F*")); n != 1 {
		t.Errorf("%d messages are flagged here", n)
	}

	// Seen here is seen there; removed here is removed there.
	for _, path := range b.glob(t, all...) {
		rename(t, path, filepath.Join(b.dir, inbox, "cur", flagged(path, "S")))
	}
	sync(t)
	if n := b.count(t, "UNSEEN"); n != 0 {
		t.Errorf("%d messages are unseen on the server", n)
	}
	for _, path := range b.glob(t, all...) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	sync(t)
	if n := b.count(t, "MESSAGES"); n != 0 {
		t.Errorf("%d messages are left on the server", n)
	}

	// Put in here, it is there as it was.
	mails := kinds()
	for _, m := range mails {
		b.write(filepath.Join(inbox, "cur", "1.1_"+m.kind+".test:2,S"), m.lf())
	}
	sync(t)
	compare(t, mails, rewrites, b.take(t, ana))
	sync(t)
	if left := b.glob(t, all...); len(left) != 0 {
		t.Errorf("%d messages are left here", len(left))
	}
}

// folderBothWays makes a folder on each side.
func (b *box) folderBothWays(t *testing.T, inbox string, sync func(t *testing.T)) {
	t.Helper()
	maildir(t, filepath.Join(b.dir, filepath.Dir(inbox), "Made here"))
	b.imap(t, `CREATE "Made there"`)
	sync(t)
	if len(b.glob(t, filepath.Join(filepath.Dir(inbox), "Made there"))) != 1 {
		t.Error("the server's folder did not come here")
	}
	if list := b.imap(t, `LIST "" *`); !strings.Contains(list, "Made here") {
		t.Errorf("our folder is not on the server:\n%s", list)
	}
}

// flagged is the name of a maildir file with a flag more.
func flagged(path, flag string) string {
	name, flags, _ := strings.Cut(filepath.Base(path), ":2,")
	return name + ":2," + flags + flag
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
