package clienttest

import (
	"os"
	"path/filepath"
	"testing"
)

const getmailrc = `
[retriever]
type = {type}
server = localhost
port = {port}
username = {user}
password = {password}
ca_certs = {ca}

[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > $(mktemp {dir}/fetched/XXXXXXXX)")
allow_root_commands = true
unixfrom = false

[options]
read_all = true
delete = false
delivered_to = false
received = false
verbose = 1
`

func TestGetmail(t *testing.T) {
	need(t, "getmail")
	for _, way := range []struct{ retriever, service string }{
		{"SimplePOP3SSLRetriever", "pop3s"},
		{"SimpleIMAPSSLRetriever", "imaps"},
	} {
		t.Run(way.service, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if err := os.Mkdir(filepath.Join(b.dir, "fetched"), 0o700); err != nil {
				t.Fatal(err)
			}
			b.write("getmailrc", b.fill(replace(getmailrc, "{type}", way.retriever, "{port}", b.port(way.service))))
			b.fetches(t, pythonRewrites(), func(t *testing.T) []string {
				b.program(t, "", "getmail", "--getmaildir", b.dir, "--rcfile", "getmailrc")
				return b.readAll(t, "fetched/*")
			})
		})
	}
}
