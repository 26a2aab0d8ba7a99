package peertest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// heldScript starts a server and does what release says once somebody writes into the pipe.
func heldScript(start, release string) string {
	return "mkfifo -m 600 {dir}/release\n" + start + "read word <{dir}/release\n" + release + "wait\n"
}

// postfixHolds takes the place of postfixServes. The times are the defaults.
const postfixHolds = `
smtpd_relay_restrictions =
smtpd_recipient_restrictions = check_recipient_access static:HOLD, permit_inet_interfaces, reject_unauth_destination
`

const postfixRelease = `{package}/usr/sbin/postsuper -c {dir}/config -H ALL
{package}/usr/sbin/postqueue -c {dir}/config -f
`

const eximStart = "{package}/usr/sbin/exim4 -bdf &\n"

const eximHold = "queue_only\nsmtp_accept_max_per_connection = 0\n"

// eximRelease has as many queue runners as Exim's daemon would start at most (queue_run_max). Each delivers one message
// after the other, and passes its connection on to the next for the same host.
const eximRelease = `for n in 1 2 3 4 5; do {package}/usr/sbin/exim4 -q & done
`

// Release has a server with the option Hold send all that it holds.
func (p *Peer) Release() {
	p.t.Helper()
	var pipe *os.File
	err := error(syscall.ENXIO)
	for begin := time.Now(); errors.Is(err, syscall.ENXIO) && time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
		// Without a reader that is ENXIO, where a blocking open would wait for a shell that may have died.
		pipe, err = os.OpenFile(filepath.Join(p.dir, "release"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	}
	if err == nil {
		_, err = pipe.WriteString("go\n")
		err = errors.Join(err, pipe.Close())
	}
	if err != nil {
		p.t.Fatalf("%s: release: %v", p.program.Name, err)
	}
}
