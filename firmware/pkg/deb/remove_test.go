package deb

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// removeKeeps closes the ports and leaves the mail.
func (m *machine) removeKeeps(t *testing.T) {
	t.Helper()
	m.do(t, "", "dpkg", "-r", "buzon")
	if conn, err := m.dial(25); err == nil {
		conn.Close()
		t.Error("port 25 is open after the package was removed")
	}
	if !m.hasMail() {
		t.Fatal("the mail went with the package")
	}
	// A file that root has put there, from a backup perhaps, is the service's once it starts.
	if err := os.Chown(filepath.Join(m.root, "var/lib/private/buzon/buzon.db"), 0, 0); err != nil {
		t.Fatal(err)
	}
}

// changeSockets makes the unit one of an older version.
func (m *machine) changeSockets(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(m.root, "usr/lib/systemd/system/buzon.socket"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("# older\n"); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) hasMail() bool {
	_, err := os.Stat(filepath.Join(m.root, "var/lib/private/buzon/buzon.db"))
	return err == nil
}

// purgeAsks deletes the mail after a yes, and only then.
func (m *machine) purgeAsks(t *testing.T, path, password string) {
	t.Helper()
	for _, tt := range []struct{ name, frontend, answer string }{
		{name: "nobody to ask", frontend: "noninteractive"},
		{name: "no", frontend: "teletype", answer: "no\n"},
	} {
		out := m.purge(t, tt.frontend, tt.answer)
		if !m.hasMail() || !strings.Contains(out, "The mail stays in /var/lib/private/buzon") {
			t.Fatalf("%s: the mail is gone or nothing was told: %s", tt.name, out)
		}
		m.install(t, path)
		m.holds(t, password, "the first", "the second", "the third")
	}
	out := m.purge(t, "teletype", "yes\n")
	if !strings.Contains(out, "Delete all mail of Buzon, too?") {
		t.Errorf("it did not ask: %s", out)
	}
	for _, left := range []string{"var/lib/private/buzon", "var/lib/buzon", "etc/systemd/system/buzon.service", "usr/bin/buzon"} {
		if _, err := os.Lstat(filepath.Join(m.root, left)); err == nil {
			t.Errorf("%s is there after the purge", left)
		}
	}
}

// purge is done on a terminal, which debconf needs for its question.
func (m *machine) purge(t *testing.T, frontend, answer string) string {
	t.Helper()
	return m.do(t, answer, "script", "-qec", "DEBIAN_FRONTEND="+frontend+" dpkg -P buzon", "/dev/null")
}
