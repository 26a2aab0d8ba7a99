package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// with adds a domain whose mail goes to a server.
func (w world) with(domain, server string) world {
	return w.withMX(domain, fmt.Sprintf("mx%d.%s", len(w.Ports), domain), 10, server)
}

// withMX adds one server of a domain.
func (w world) withMX(domain, host string, preference int, server string) world {
	ports := maps.Clone(w.Ports)
	if ports == nil {
		ports = map[string]string{}
	}
	address := fmt.Sprintf("192.0.2.%d", len(ports)+1)
	ports[address+":25"] = server
	w.Zone += fmt.Sprintf("\n%s MX %d %s\n%s A %s", domain, preference, host, host, address)
	w.Ports = ports
	return w
}

// letter is a small mail of ana's.
func letter(to, subject string) string {
	return fmt.Sprintf("From: Ana <ana@example.test>\nTo: %s\nSubject: %s\n\nHello\n", to, subject)
}

// longLetter is one that takes many writes.
func longLetter(to, subject string) string {
	return letter(to, subject) + strings.Repeat(strings.Repeat("0123456789", 7)+"\n", 1500)
}

// troubles are servers that fail once and take the message the second time.
func troubles() []struct {
	name   string // of the domain
	wrong  trouble
	waits  string // what the queue keeps of the first time
	bodies int    // messages taken, if not one
} {
	return []struct {
		name   string
		wrong  trouble
		waits  string
		bodies int
	}{
		// Refused for now.
		{name: "greylist", wrong: trouble{"RCPT": "451 4.7.1 Greylisted, come back"}, waits: "Greylisted, come back"},
		{name: "no-welcome", wrong: trouble{"greeting": "554 5.7.1 Not you"}, waits: "Refused at greeting: 554 5.7.1 Not you"},
		{name: "busy", wrong: trouble{"greeting": "421 4.3.2 Busy"}, waits: "Busy"},
		{name: "busy-later", wrong: trouble{"RCPT": "421 4.3.2 Closing"}, waits: "Closing"},
		{name: "mail-later", wrong: trouble{"MAIL": "451 4.3.0 Disk is slow"}, waits: "Disk is slow"},
		{name: "data-later", wrong: trouble{"DATA": "451 4.3.0 No room for it"}, waits: "No room for it"},
		{name: "end-later", wrong: trouble{"end": "452 4.2.2 Full today"}, waits: "Full today"},
		// Gone in the middle.
		{name: "drop-greeting", wrong: trouble{"greeting": drop}, waits: "does not answer"},
		{name: "drop-ehlo", wrong: trouble{"EHLO": drop}, waits: "does not answer"},
		{name: "drop-mail", wrong: trouble{"MAIL": drop}, waits: "lost (MAIL)"},
		{name: "drop-rcpt", wrong: trouble{"RCPT": drop}, waits: "lost (RCPT)"},
		{name: "drop-data", wrong: trouble{"DATA": drop}, waits: "lost (DATA)"},
		{name: "drop-body", wrong: trouble{"body": drop}, waits: "drop-body.test"}, // how far it came depends on what the kernel holds
		{name: "drop-end", wrong: trouble{"end": drop}, waits: "It may have arrived, and may arrive twice"},
		{name: "mute-end", wrong: trouble{"end": mute}, waits: "It may have arrived, and may arrive twice", bodies: 2},
		// No SMTP at all.
		{name: "web", wrong: trouble{"greeting": "HTTP/1.1 400 Bad Request"}, waits: "does not answer"},
		{name: "babble", wrong: trouble{"RCPT": "well, perhaps"}, waits: "not SMTP (RCPT)"},
		// No reason to wait.
		{name: "old", wrong: trouble{"EHLO": "502 5.5.1 What is that?"}},
		{name: "tls-refused", wrong: trouble{"offers": "STARTTLS", "STARTTLS": "454 4.7.0 Not today"}},
	}
}

// Whatever goes wrong with a server is over with it: the message waits, with the reason, and arrives once.
func TestSendTroubles(t *testing.T) {
	t.Parallel()
	var w world
	peers := map[string]*peer{}
	for _, c := range troubles() {
		peers[c.name] = startPeer(t, troubled(c.wrong))
		w = w.with(c.name+".test", peers[c.name].addr)
	}
	var c clock
	a := startWithAna(t, inWorld(w), c.rules)
	client := sender(t, a)
	for _, c := range troubles() {
		to := "luis@" + c.name + ".test"
		if err := submitMail(client, nil, plainly(to), longLetter(to, c.name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range troubles() {
		if c.waits == "" {
			peers[c.name].await(t, 1)
			continue
		}
		to := "luis@" + c.name + ".test"
		until(t, to+" was tried", func() bool { return waiting(t, a)[to].Reply.Code != 0 })
		if job := waiting(t, a)[to]; !strings.Contains(job.Reply.Text, c.waits) || job.Reply.Code/100 != 4 || job.Attempts != 1 {
			t.Errorf("%s waits because of %q after %d attempts", c.name, job.Reply.String(), job.Attempts)
		}
	}
	c.passUntil(t, a, time.Hour, "all has arrived", func() bool { return len(waiting(t, a)) == 0 })
	for _, c := range troubles() {
		mails, want := peers[c.name].all(), max(c.bodies, 1)
		if len(mails) != want {
			t.Errorf("%s took %d messages, not %d", c.name, len(mails), want)
			continue
		}
		for _, m := range mails {
			if !strings.HasSuffix(m.data, strings.ReplaceAll(longLetter("luis@"+c.name+".test", c.name), "\n", "\r\n")[30:]) {
				t.Errorf("%s: the message is not whole: %d octets", c.name, len(m.data))
			}
		}
	}
}

// hangs are the stages at which a server may fall asleep.
func hangs() []string {
	return []string{"greeting", "EHLO", "STARTTLS", "TLS", "MAIL", "RCPT", "DATA", "body", "end", "QUIT"}
}

// Nobody is waited for longer than a stage may take, and nobody else waits meanwhile.
func TestSendHangs(t *testing.T) {
	t.Parallel()
	w := world{Patience: 700 * time.Millisecond} // long for a peer that answers, on a machine with much else to do
	peers := map[string]*peer{}
	for _, stage := range hangs() {
		wrong := trouble{stage: hang}
		if strings.Contains(stage, "TLS") {
			wrong["offers"] = "STARTTLS"
		}
		peers[stage] = startPeer(t, troubled(wrong))
		w = w.with(strings.ToLower(stage)+".test", peers[stage].addr)
	}
	well := startPeer(t)
	w = w.with("well.test", well.addr)
	var c clock
	a := startWithAna(t, inWorld(w), c.rules)
	client := sender(t, a)
	to := func(stage string) string { return "luis@" + strings.ToLower(stage) + ".test" }
	for _, stage := range append(hangs(), "well") {
		if err := submitMail(client, nil, plainly(to(stage)), longLetter(to(stage), stage)); err != nil {
			t.Fatal(err)
		}
	}
	well.await(t, 1)
	for _, stage := range hangs() {
		if stage == "QUIT" || strings.Contains(stage, "TLS") { // nobody waits for a goodbye; another connection does without TLS
			peers[stage].await(t, 1)
			continue
		}
		until(t, stage+" was given up", func() bool { return waiting(t, a)[to(stage)].Reply.Code != 0 })
	}
	c.passUntil(t, a, time.Hour, "all has arrived", func() bool { return len(waiting(t, a)) == 0 })
	for _, stage := range hangs() {
		if n := len(peers[stage].all()); n != 1 && (stage != "end" || n != 2) {
			t.Errorf("%s: %d messages arrived", stage, n)
		}
	}
}

// One of three is refused: the others have their mail, once, and the sender one report about the one.
func TestSendOneOfThree(t *testing.T) {
	t.Parallel()
	p := startPeer(t, troubled(trouble{"RCPT eva@three.test": "550 5.1.1 Eva does not live here"}))
	var c clock
	a := startWithAna(t, inWorld(world{}.with("three.test", p.addr)), c.rules)
	if err := submitMail(sender(t, a), nil, plainly("luis@three.test", "eva@three.test", "kim@three.test"), letter("all", "for three")); err != nil {
		t.Fatal(err)
	}
	report := inbox(t, a, 1)
	if !strings.Contains(report, "Eva does not live here") || strings.Contains(report, "luis@three.test\r\n") || strings.Count(report, "Final-Recipient:") != 1 {
		t.Errorf("the report is\n%s", report)
	}
	got := p.await(t, 1)[0]
	if len(got.to) != 2 || strings.Contains(strings.Join(got.to, " "), "eva") {
		t.Errorf("it went to %q", got.to)
	}
	emptied(t, a)
	c.pass(a, 24*time.Hour)
	if err := submitMail(sender(t, a), nil, plainly("luis@three.test"), letter("luis", "another")); err != nil { // nothing else goes before it
		t.Fatal(err)
	}
	if all := p.await(t, 2); len(all) != 2 || !strings.Contains(all[1].data, "Subject: another") {
		t.Errorf("%d messages arrived", len(all))
	}
	inbox(t, a, 1)
}

// One of three is put off: it alone is tried again.
func TestSendOneLater(t *testing.T) {
	t.Parallel()
	p := startPeer(t, troubled(trouble{"RCPT eva@three.test": "452 4.2.2 Eva's mailbox is full"}))
	var c clock
	a := startWithAna(t, inWorld(world{}.with("three.test", p.addr)), c.rules)
	if err := submitMail(sender(t, a), nil, plainly("luis@three.test", "eva@three.test", "kim@three.test"), letter("all", "for three")); err != nil {
		t.Fatal(err)
	}
	p.await(t, 1)
	until(t, "eva alone waits", func() bool { return len(waiting(t, a)) == 1 })
	c.passUntil(t, a, time.Hour, "eva has it", func() bool { return len(waiting(t, a)) == 0 })
	if all := p.all(); len(all) != 2 || len(all[0].to) != 2 || strings.Join(all[1].to, " ") != "eva@three.test" {
		t.Errorf("%+v", all)
	}
}

// What is refused for good after the body comes back with the words of the refusal.
func TestSendRefusedAtEnd(t *testing.T) {
	t.Parallel()
	p := startPeer(t, troubled(trouble{"end": "554-5.7.1 This is\n554 5.7.1 unwanted advertising"}))
	a := startWithAna(t, inWorld(world{}.with("strict.test", p.addr)))
	if err := submitMail(sender(t, a), nil, plainly("luis@strict.test", "eva@strict.test"), letter("luis", "buy")); err != nil {
		t.Fatal(err)
	}
	report := inbox(t, a, 1)
	if strings.Count(report, "Final-Recipient:") != 2 || !strings.Contains(report, "> 554 5.7.1 This is unwanted advertising\r\n") {
		t.Errorf("the report is\n%s", report)
	}
	emptied(t, a)
	if conns, _, mails := p.counts(); conns != 1 || mails != 0 {
		t.Errorf("%d connections, %d messages taken", conns, mails)
	}
}

// The first server is busy, broken or away: the next takes the mail at once.
func TestSendNextMX(t *testing.T) {
	t.Parallel()
	busy := startPeer(t, troubled(trouble{"greeting": "421 4.3.2 Too busy"}))
	broken := startPeer(t, troubled(trouble{"EHLO": drop}))
	well := startPeer(t)
	w := world{}.withMX("many.test", "a.many.test", 10, busy.addr).withMX("many.test", "b.many.test", 20, broken.addr).
		withMX("many.test", "d.many.test", 40, well.addr)
	w.Zone += "\nmany.test MX 30 c.many.test\nc.many.test A 192.0.2.99" // where nobody listens
	a := startWithAna(t, inWorld(w))
	if err := submitMail(sender(t, a), nil, plainly("luis@many.test"), letter("luis", "by the last")); err != nil {
		t.Fatal(err)
	}
	well.await(t, 1)
	emptied(t, a)
	done := fates(t, a, "luis@many.test")
	if len(done) != 1 || done[0].Host != "d.many.test" || done[0].Attempts != 1 {
		t.Errorf("%+v", done)
	}
}

// STARTTLS is offered and does not work: without a policy that is no reason not to send (RFC 7435).
func TestSendBrokenTLS(t *testing.T) {
	t.Parallel()
	p := startPeer(t, troubled(trouble{"offers": "STARTTLS", "TLS": drop}))
	a := startWithAna(t, inWorld(world{}.with("broken.test", p.addr)))
	if err := submitMail(sender(t, a), nil, plainly("luis@broken.test"), letter("luis", "in the clear")); err != nil {
		t.Fatal(err)
	}
	if got := p.await(t, 1)[0]; got.tls {
		t.Error("over TLS")
	}
	emptied(t, a)
	if conns, _, _ := p.counts(); conns != 2 {
		t.Errorf("%d connections", conns)
	}
}

// The relay is down: everything waits, for one attempt a round, and goes out when it is up.
func TestSendRelayDown(t *testing.T) {
	t.Parallel()
	p := startPeer(t, troubled(trouble{"greeting": drop}, trouble{"greeting": "421 4.3.2 Starting"}))
	data := filepath.Join(t.TempDir(), "home.db")
	for _, args := range []string{"settings set send.way relay", "relay set 127.0.0.1:2525"} { // before it runs: a new relay is tried at once
		if got := buzon(t, "", append(words(args), "--data", data)...); got.status != 0 {
			t.Fatalf("%s: %+v", args, got)
		}
	}
	var c clock
	a := startWithAna(t, inWorld(world{Ports: map[string]string{"127.0.0.1:2525": p.addr}}), c.rules, func(o *options) { o.data = data })
	client := sender(t, a)
	sent := 0
	submit := func(n int) { // which also has the queue look at the clock
		for range n {
			sent++
			to := fmt.Sprintf("luis@far%d.test", sent)
			if err := submitMail(client, nil, plainly(to), letter(to, "by relay")); err != nil {
				t.Fatal(err)
			}
		}
	}
	for round := range 2 {
		submit(5)
		until(t, "it was tried", func() bool {
			failures := 0
			for i := range sent {
				n, _, err := a.store.Destination(t.Context(), fmt.Sprintf("far%d.test", i+1))
				if failures += n; err != nil {
					t.Fatal(err)
				}
			}
			return failures > round
		})
		if conns, _, _ := p.counts(); conns != round+1 {
			t.Errorf("%d connections in %d rounds", conns, round+1)
		}
		c.ahead.Add(int64(10 * time.Minute))
	}
	submit(1)
	p.await(t, 11)
	emptied(t, a)
	if conns, _, mails := p.counts(); mails != 11 || conns > 2+4 { // send.relay-connections
		t.Errorf("%d messages over %d connections", mails, conns)
	}
	for i := range sent {
		if done := fates(t, a, fmt.Sprintf("luis@far%d.test", i+1)); len(done) == 0 || done[0].Host != "127.0.0.1" {
			t.Errorf("%+v", done)
		}
	}
}

// More recipients than one envelope may have (RFC 5321 §4.5.3.1.8) go in several, over one connection, each once.
func TestSendMany(t *testing.T) {
	t.Parallel()
	p := startPeer(t)
	a := startWithAna(t, inWorld(world{}.with("far.test", p.addr)))
	var to []string
	for i := range 190 {
		to = append(to, fmt.Sprintf("r%d@far.test", i))
	}
	if err := submitMail(sender(t, a), nil, plainly(to...), letter("all", "many")); err != nil {
		t.Fatal(err)
	}
	emptied(t, a)
	seen := map[string]int{}
	for _, m := range p.all() {
		if len(m.to) > 100 {
			t.Errorf("%d recipients at once", len(m.to))
		}
		for _, r := range m.to {
			seen[r]++
		}
	}
	for _, r := range to {
		if seen[r] != 1 {
			t.Errorf("%s has it %d times", r, seen[r])
		}
	}
	if conns, _, mails := p.counts(); conns != 1 || mails != 2 {
		t.Errorf("%d messages over %d connections", mails, conns)
	}
}
