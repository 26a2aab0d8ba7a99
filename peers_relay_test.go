package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/peertest"
	"buzon/internal/store"
)

// peerRelay is a way to a real server as the relay.
type peerRelay struct {
	name      string
	program   peertest.Program
	tls       string // as store.Relay has it
	mechanism string // the only one that it offers; "" is all
	login     string // the server's log of it
}

func peerRelays() []peerRelay {
	postfix, exim, open := peertest.Postfix(), peertest.Exim(), peertest.OpenSMTPD()
	return []peerRelay{
		{"Postfix", postfix, "starttls", "", "sasl_method=SCRAM-SHA-256"},
		{"Postfix-465", postfix, "implicit", "PLAIN", "sasl_method=PLAIN"},
		{"Postfix-LOGIN", postfix, "starttls", "LOGIN", "sasl_method=LOGIN"},
		{"Exim", exim, "starttls", "LOGIN", "A=login:buzon"},
		{"Exim-465", exim, "implicit", "", "A=plain:buzon"},
		{"OpenSMTPD", open, "none", "", ""},
	}
}

// plan is a world that will know the relay, the options of the server, and what the box has to know.
func (r peerRelay) plan(t *testing.T) (world, peertest.Options, store.Relay) {
	t.Helper()
	trusted := newAuthority(t)
	w := world{Roots: trusted.pem(), Zone: "relay.test A 192.0.2.9", Ports: map[string]string{}}
	o := peertest.Options{
		Domain: "elsewhere.test", Users: []string{"luis", "josé"}, Certificate: trusted.names(t, "relay.test"),
		User: "buzon", Password: "two words", Mechanism: r.mechanism, Open: r.tls == "none",
	}
	relay := store.Relay{Host: "relay.test", Port: 587, TLS: r.tls, User: o.User, Password: o.Password}
	switch r.tls {
	case "implicit":
		relay.Port = 465
	case "none":
		relay.Port, relay.User, relay.Password = 25, "", ""
	}
	return w, o, relay
}

// start starts the server and tells the world where it is. Nothing may be sent before.
func (r peerRelay) start(t *testing.T, w world, o peertest.Options) *peertest.Peer {
	t.Helper()
	p := peertest.Start(t, r.program, o)
	w.Ports["192.0.2.9:465"], w.Ports["192.0.2.9:587"], w.Ports["192.0.2.9:25"] = p.Submissions, p.Submission, p.MX
	return p
}

// onePerServer are those that are called like their server.
func onePerServer() []peerRelay {
	return slices.DeleteFunc(peerRelays(), func(r peerRelay) bool { return r.name != r.program.Name })
}

// withRelays runs a test with each of them.
func withRelays(t *testing.T, relays []peerRelay, test func(t *testing.T, r peerRelay)) {
	t.Parallel()
	for _, r := range relays {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			test(t, r)
		})
	}
}

// startWithRelay is startWithAna with a relay for all mail.
func startWithRelay(t *testing.T, w world, relay store.Relay, changes ...func(*options)) *testAppliance {
	t.Helper()
	a := startWithAna(t, append(changes, inWorld(w))...)
	a.set("send.way", "relay")
	a.relay(relay)
	return a
}

func (a *testAppliance) relay(r store.Relay) {
	a.t.Helper()
	if err := a.store.SetRelay(a.t.Context(), r); err != nil {
		a.t.Fatal(err)
	}
}

// All kinds of mail leave through real relays as they were written. What the relay passes on still has our signatures.
func TestPeersRelay(t *testing.T) {
	withRelays(t, peerRelays(), func(t *testing.T, r peerRelay) {
		far := startSink(t, nil)
		w, o, relay := r.plan(t)
		o.Routes = map[string]string{"far.test": far.addr}
		p := r.start(t, w, o)
		a := startWithRelay(t, w, relay)
		all := forPeer(r.program)
		submitKinds(t, a, all)
		if err := submitMail(sender(t, a), nil, plainly("eva@far.test"), letter("eva@far.test", "by relay")); err != nil {
			t.Fatal(err)
		}
		checkKinds(t, p, all)
		checkSignatures(t, a, far.await(t, 1)[0].data)
		emptied(t, a)
		if done := fates(t, a, "eva@far.test"); len(done) != 1 || done[0].Host != "relay.test" || (done[0].TLS == "TLS 1.3, verified") != r.program.TLS {
			t.Errorf("the history: %+v", done)
		}
		if !strings.Contains(p.Log(), r.login) {
			t.Errorf("it did not log in by %q", r.login)
		}
	})
}

// A wrong password makes mail wait, and the history says why in the relay's words; the right one lets it out.
func TestPeersRelayPassword(t *testing.T) {
	withRelays(t, onePerServer(), func(t *testing.T, r peerRelay) {
		if !r.program.TLS {
			t.Skip("it has no login")
		}
		w, o, relay := r.plan(t)
		p := r.start(t, w, o)
		wrong, right := relay, relay
		wrong.Password = "wrong"
		var c clock
		a := startWithRelay(t, w, wrong, c.rules)
		to := "luis@elsewhere.test"
		if err := submitMail(sender(t, a), nil, plainly(to), letter(to, "hello")); err != nil {
			t.Fatal(err)
		}
		until(t, "it was tried", func() bool { return waiting(t, a)[to].Reply.Code != 0 })
		if said := waiting(t, a)[to].Reply; said.Code/100 != 4 || !strings.Contains(said.Text, "535") {
			t.Errorf("it waits because of %v", said)
		}
		if done := fates(t, a, to); len(done) != 1 || done[0].Fate != store.Deferred || !strings.Contains(done[0].Reply.Text, "535") || done[0].Host != "relay.test" {
			t.Errorf("the history: %+v", done)
		}
		a.relay(right)
		c.passUntil(t, a, time.Hour, "it went out", func() bool { return len(waiting(t, a)) == 0 })
		p.Await(t, "luis", 1)
	})
}

// "buzon relay test" tells each step, and which one failed.
func TestPeersRelayTest(t *testing.T) {
	withRelays(t, onePerServer(), func(t *testing.T, r peerRelay) {
		w, o, relay := r.plan(t)
		p := r.start(t, w, o)
		a := startWithRelay(t, w, relay)
		try := func() (string, error) {
			var out bytes.Buffer
			cmd := processIn(t, w, "relay", "test", "luis@elsewhere.test", "--data", a.data)
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			return out.String(), err
		}
		out, err := try()
		want := []string{"Looking up the name: 192.0.2.9", "Connecting: ", "Sending: 250", "The relay took the mail."}
		if r.program.TLS {
			want = append(want, "Encrypting: TLS 1.3", "Logging in: buzon")
		}
		for _, words := range want {
			if err != nil || !strings.Contains(out, words) {
				t.Errorf("%v, no %q in\n%s", err, words, out)
			}
		}
		if got := p.Await(t, "luis", 1)[0].Data; !strings.Contains(got, "\nSubject: Buzon: a test of the relay\n") {
			t.Errorf("it arrived as\n%s", got)
		}
		if relay.Password = "wrong"; !r.program.TLS {
			return
		}
		a.relay(relay)
		if out, err = try(); err == nil || !strings.Contains(out, "535") || strings.Contains(out, "Sending: ") {
			t.Errorf("with a wrong password: %v\n%s", err, out)
		}
	})
}
