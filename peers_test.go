package main

import (
	"strings"
	"testing"
	"time"

	"buzon/internal/peertest"
)

// eachPeer runs a test with each of the real servers as the MX of elsewhere.test. The test starts the server, and tells
// the world's Ports where it is before anything is sent.
func eachPeer(t *testing.T, test func(t *testing.T, program peertest.Program, w world, o peertest.Options)) {
	t.Parallel()
	for _, program := range peertest.Programs() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			trusted := newAuthority(t)
			o := peertest.Options{
				Domain: "elsewhere.test", Users: []string{"luis", "josé"}, Certificate: trusted.names(t, "mx.elsewhere.test"),
			}
			w := world{Roots: trusted.pem(), Ports: map[string]string{}, Zone: "elsewhere.test MX 10 mx.elsewhere.test\nmx.elsewhere.test A 192.0.2.1"}
			test(t, program, w, o)
		})
	}
}

// All kinds of mail reach real servers as they were written, and over TLS where the server has it.
func TestPeersMX(t *testing.T) {
	eachPeer(t, func(t *testing.T, program peertest.Program, w world, o peertest.Options) {
		p := peertest.Start(t, program, o)
		w.Ports["192.0.2.1:25"] = p.MX
		a := startWithAna(t, inWorld(w))
		all := forPeer(program)
		submitKinds(t, a, all)
		checkKinds(t, p, all)
		emptied(t, a)
		for _, mail := range p.Mails(t, "luis") {
			checkSignatures(t, a, strings.ReplaceAll(mail.Data, "\n", "\r\n"))
		}
		done := fates(t, a, "luis@elsewhere.test")
		if len(done) == 0 || done[0].Host != "mx.elsewhere.test" || (done[0].TLS == "TLS 1.3, verified") != program.TLS {
			t.Errorf("the history: %+v", done)
		}
	})
}

// A server that greylists gets the mail the next time.
func TestPeersGrey(t *testing.T) {
	eachPeer(t, func(t *testing.T, program peertest.Program, w world, o peertest.Options) {
		o.Grey = true
		p := peertest.Start(t, program, o)
		w.Ports["192.0.2.1:25"] = p.MX
		var c clock
		a := startWithAna(t, inWorld(w), c.rules)
		if err := submitMail(sender(t, a), nil, plainly("luis@elsewhere.test"), letter("luis@elsewhere.test", "hello")); err != nil {
			t.Fatal(err)
		}
		until(t, "it was tried", func() bool { return waiting(t, a)["luis@elsewhere.test"].Reply.Code == 451 })
		if said := waiting(t, a)["luis@elsewhere.test"].Reply.Text; !strings.Contains(said, "Greylisted") {
			t.Errorf("it waits because of %q", said)
		}
		c.passUntil(t, a, 10*time.Minute, "it went out", func() bool { return len(waiting(t, a)) == 0 })
		p.Await(t, "luis", 1)
	})
}
