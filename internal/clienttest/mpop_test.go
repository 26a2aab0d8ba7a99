package clienttest

import (
	"os"
	"path/filepath"
	"testing"
)

const mpoprc = `
defaults
host localhost
user {user}
password "{password}"
tls on
tls_trust_file {ca}
received_header off
uidls_file {dir}/uidls-%U-%H
keep on


account stls
port {port pop3}
tls_starttls on

account pop3s
port {port pop3s}
tls_starttls off
`

func TestMpop(t *testing.T) {
	need(t, "mpop")
	t.Parallel()
	b := newBox(t)
	b.fetches(t, nil, func(t *testing.T) []string { return b.mpop(t, "stls") })
	t.Run("implicit TLS, and removal", func(t *testing.T) {
		if got := b.mpop(t, "pop3s", "--only-new=off", "--keep=off"); len(got) != len(kinds()) {
			t.Errorf("%d messages", len(got))
		}
		if left := b.take(t, ana); len(left) != 0 {
			t.Errorf("%d messages are left", len(left))
		}
	})
	t.Run("UIDL is stable", func(t *testing.T) {
		b.deliver(t, kinds()[0])
		if got := b.mpop(t, "pop3s", "--only-new=on", "--keep=on"); len(got) != 1 {
			t.Errorf("%d new messages", len(got))
		}
		b.kill()
		b.start()
		if got := b.mpop(t, "pop3s", "--only-new=on", "--keep=on"); len(got) != 0 {
			t.Errorf("%d new messages after a restart", len(got))
		}
	})
}

// mpop gives what it fetched into a new maildir.
func (b *box) mpop(t *testing.T, account string, args ...string) []string {
	t.Helper()
	folder := maildir(t, filepath.Join(b.dir, "mpop"))
	rc := b.write("mpoprc", b.fill(mpoprc))
	b.program(t, "", "mpop", append([]string{"-C", rc, "--delivery=maildir," + folder}, append(args, account)...)...)
	return b.readAll(t, "mpop/new/*")
}

// maildir makes one, empty.
func maildir(t *testing.T, path string) string {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(path, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return path
}
