package clienttest

import (
	"os"
	"path/filepath"
	"testing"
)

// python runs testdata/mail.py.
func (b *box) python(t *testing.T, action, service, user string, args ...string) {
	t.Helper()
	script, err := filepath.Abs("testdata/mail.py")
	if err != nil {
		t.Fatal(err)
	}
	b.program(t, "", "python3", append([]string{script, action, b.port(service), b.ca, user, password}, args...)...)
}

func TestPythonSends(t *testing.T) {
	need(t, "python3")
	t.Parallel()
	b := newBox(t)
	for _, way := range []struct{ action, service string }{{"smtp", "submission"}, {"smtps", "smtps"}} {
		t.Run(way.action, func(t *testing.T) {
			b.sends(t, append(kinds(), toJose()), func(t *testing.T, m mail, file string) {
				b.python(t, way.action, way.service, luis, luis, m.to, file)
			})
		})
	}
	t.Run("append", func(t *testing.T) {
		b.sends(t, kinds(), func(t *testing.T, m mail, file string) { b.python(t, "append", "imaps", ana, file) })
	})
}

func TestPythonFetches(t *testing.T) {
	need(t, "python3")
	for _, service := range []string{"pop3", "pop3s", "imap", "imaps"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			folder := filepath.Join(b.dir, "fetched")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			b.fetches(t, nil, func(t *testing.T) []string {
				b.python(t, service, service, ana, folder)
				return b.readAll(t, "fetched/*")
			})
		})
	}
}
