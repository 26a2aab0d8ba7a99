// Package peertest starts the mail servers that most of the world runs, from Debian's packages, so that tests send to the
// real thing: Postfix, Exim and OpenSMTPD, each as the MX of a domain and as a relay with login.
//
// The packages exclude each other, and their programs insist on users and paths of their own. So .ci/run unpacks them below
// one folder (EnvFolder), and each server runs in a cage: its own mounts, with an /etc, a /run and a /var/spool that hold
// nothing else, and its own process ids, so that the end of the first process is the end of all. That takes root. The
// network is the machine's: a server listens on an address of loopback that no other test has.
//
// Where something is missing, the test is skipped; with CI or BUZON_REQUIRE_CLIENTS set, it fails.
package peertest
