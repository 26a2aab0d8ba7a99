package clienttest

import (
	"os"
	"path/filepath"
	"testing"
)

// fetchmail hands each message to a program on its standard input.
const fetchmailrc = `
poll localhost protocol {protocol} port {port} bad-header accept
user "{user}" password "{password}" {tls}
sslcertck sslcertfile "{ca}"
fetchall keep no rewrite
mda "sh -c 'cat > $(mktemp {dir}/fetched/XXXXXXXX)'"
`

func TestFetchmail(t *testing.T) {
	need(t, "fetchmail")
	for _, way := range []struct{ protocol, service, tls string }{
		{"POP3", "pop3s", "ssl"},
		{"POP3", "pop3", "sslproto 'TLS1.2+'"},
		{"IMAP", "imaps", "ssl"},
		{"IMAP", "imap", "sslproto 'TLS1.2+'"},
	} {
		t.Run(way.service, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if err := os.Mkdir(filepath.Join(b.dir, "fetched"), 0o700); err != nil {
				t.Fatal(err)
			}
			rc := replace(fetchmailrc, "{protocol}", way.protocol, "{tls}", way.tls, "{port}", b.port(way.service))
			b.fetches(t, nil, func(t *testing.T) []string {
				b.program(t, "", "fetchmail", "--fetchmailrc", b.write("fetchmailrc", b.fill(rc)), "--nodetach", "--nosyslog", "--invisible",
					"--pidfile", filepath.Join(b.dir, "pid"))
				return b.readAll(t, "fetched/*")
			})
		})
	}
}
