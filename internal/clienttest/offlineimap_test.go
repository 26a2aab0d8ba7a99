package clienttest

import (
	"os"
	"path/filepath"
	"testing"
)

const offlineimaprc = `
[general]
accounts = box
metadata = {dir}/metadata

[Account box]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {dir}/near
sep = /

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {port imaps}
remoteuser = {user}
remotepass = {password}
ssl = yes
sslcacertfile = {ca}
`

func TestOfflineIMAP(t *testing.T) {
	need(t, "offlineimap")
	t.Parallel()
	b := newBox(t)
	if err := os.Mkdir(filepath.Join(b.dir, "near"), 0o700); err != nil {
		t.Fatal(err)
	}
	rc := b.write("offlineimaprc", b.fill(offlineimaprc))
	b.bothWays(t, "near/INBOX", pythonRewrites(), func(t *testing.T) { b.program(t, "", "offlineimap", "-c", rc, "-o", "-u", "basic") })
}
