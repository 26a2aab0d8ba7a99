package clienttest

import (
	"fmt"
	"strings"
	"testing"
)

func TestCurlSends(t *testing.T) {
	need(t, "curl")
	t.Parallel()
	b := newBox(t)
	for _, scheme := range []struct{ name, url string }{
		{"smtp", "smtp://localhost:" + b.port("submission")},
		{"smtps", "smtps://localhost:" + b.port("smtps")},
	} {
		t.Run(scheme.name, func(t *testing.T) {
			b.sends(t, append(kinds(), toJose()), func(t *testing.T, m mail, file string) {
				b.curl(t, "--user", luis+":"+password, "--mail-from", luis, "--mail-rcpt", m.to, "--upload-file", file, scheme.url+"/client.example.test")
			})
		})
	}
	t.Run("append", func(t *testing.T) {
		mails := kinds()
		for _, m := range mails {
			b.curl(t, "--user", ana+":"+password, "--upload-file", b.write("mail", m.data), "imaps://localhost:"+b.port("imaps")+"/INBOX")
		}
		compare(t, mails, nil, b.take(t, ana))
	})
}

func TestCurlFetches(t *testing.T) {
	need(t, "curl")
	t.Parallel()
	b := newBox(t)
	mails := kinds()
	b.deliver(t, mails...)
	for _, scheme := range []struct{ name, url string }{
		{"pop3", "pop3://localhost:" + b.port("pop3") + "/%d"},
		{"pop3s", "pop3s://localhost:" + b.port("pop3s") + "/%d"},
		{"imap", "imap://localhost:" + b.port("imap") + "/INBOX;UID=%d"},
		{"imaps", "imaps://localhost:" + b.port("imaps") + "/INBOX;MAILINDEX=%d"},
	} {
		t.Run(scheme.name, func(t *testing.T) {
			for i, m := range mails {
				same(t, m, b.curl(t, "--user", ana+":"+password, fmt.Sprintf(scheme.url, i+1)))
			}
		})
	}
	t.Run("list", func(t *testing.T) {
		out := b.curl(t, "--user", ana+":"+password, "imaps://localhost:"+b.port("imaps")+"/")
		for _, name := range []string{"INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"} {
			if !strings.Contains(out, name) {
				t.Errorf("no %s in:\n%s", name, out)
			}
		}
	})
}

// curl runs it with TLS that is checked.
func (b *box) curl(t *testing.T, args ...string) string {
	t.Helper()
	return b.program(t, "", "curl", append([]string{"--silent", "--show-error", "--ssl-reqd", "--cacert", b.ca}, args...)...)
}
