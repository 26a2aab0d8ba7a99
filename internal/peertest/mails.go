package peertest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Mail is a message that a server keeps, as it is on disk: with LF, and with the server's own lines on top.
type Mail struct {
	User string // whose it is, a local part
	Data string
}

// Mails are those that the server keeps for a user, in no order.
func (p *Peer) Mails(t testing.TB, user string) []Mail {
	t.Helper()
	folder := filepath.Join(p.dir, "mail", user, "new")
	files, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var mails []Mail
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, Mail{User: user, Data: string(text)})
	}
	return mails
}

// Await waits until the server keeps n messages for a user.
func (p *Peer) Await(t testing.TB, user string, n int) []Mail {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		mails := p.Mails(t, user)
		if len(mails) >= n {
			return mails
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has %d messages for %s, not %d", p.program.Name, len(mails), user, n)
		}
		select {
		case <-p.cage.ended:
			t.Fatalf("%s has ended", p.program.Name)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
