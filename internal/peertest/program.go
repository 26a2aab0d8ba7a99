package peertest

import (
	"os"
	"path/filepath"
	"testing"
)

// EnvFolder names the environment variable that tells where the packages are unpacked, each in a folder of its name.
const EnvFolder = "BUZON_PEERS"

// defaultFolder is where .ci/run unpacks them.
const defaultFolder = "/opt/buzon-peers"

// Program is one of the mail servers, and what tests have to know of it.
type Program struct {
	Name     string
	TLS      bool   // it can serve TLS; without that it has no login
	SMTPUTF8 bool   // it takes addresses in UTF-8 (RFC 6531)
	SCRAM    bool   // it offers SCRAM-SHA-256 (RFC 7677) beside PLAIN and LOGIN
	EnvID    bool   // its reports tell the sender's ENVID (RFC 3464 §2.2.1)
	Unknown  string // its words to a recipient that does not exist

	packages []string // Debian's; the first has the server
	keyOwner int      // who reads the key of the certificate
	setUp    func(*Peer) (script string, err error)
}

// Programs are all of them.
func Programs() []Program { return []Program{Postfix(), Exim(), OpenSMTPD()} }

func (p Program) path() string { return packagePath(p.packages[0]) }

func packagePath(name string) string {
	folder := os.Getenv(EnvFolder)
	if folder == "" {
		folder = defaultFolder
	}
	return filepath.Join(folder, name)
}

// needAll skips a test that cannot have the server, or fails it where everything has to be there.
func needAll(t testing.TB, program Program) {
	t.Helper()
	if os.Geteuid() != 0 {
		isMissing(t, "root, for the cage of "+program.Name+",")
	}
	for _, name := range program.packages {
		if _, err := os.Stat(packagePath(name)); err != nil {
			isMissing(t, packagePath(name))
		}
	}
}

func isMissing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" || os.Getenv("BUZON_REQUIRE_CLIENTS") != "" {
		t.Fatalf("%s is missing; see install_peers in .ci/run", what)
	}
	t.Skipf("%s is missing; see install_peers in .ci/run", what)
}
