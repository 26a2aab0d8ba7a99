package main

import (
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"buzon/internal/peertest"
	"buzon/internal/store"
)

// A real server's no comes back in its own words.
func TestPeersUnknown(t *testing.T) {
	eachPeer(t, func(t *testing.T, program peertest.Program, w world, o peertest.Options) {
		w.Ports["192.0.2.1:25"] = peertest.Start(t, program, o).MX
		a := startWithAna(t, inWorld(w))
		if err := submitMail(sender(t, a), nil, plainly("nobody@elsewhere.test"), letter("nobody@elsewhere.test", "hello")); err != nil {
			t.Fatal(err)
		}
		n := readNotice(t, inbox(t, a, 1))
		n.wants(t, "Action: failed", "Final-Recipient: rfc822; nobody@elsewhere.test", "Remote-MTA: dns; mx.elsewhere.test")
		if !strings.Contains(n.text, program.Unknown) || !strings.Contains(n.status, program.Unknown) {
			t.Errorf("no %q in\n%s\n%s", program.Unknown, n.text, n.status)
		}
	})
}

// A real server that was asked to writes the report of success itself, and the appliance takes it in.
func TestPeersNotify(t *testing.T) {
	eachPeer(t, func(t *testing.T, program peertest.Program, w world, o peertest.Options) {
		a := startWithAna(t, inWorld(w))
		o.Routes = map[string]string{"example.test": a.addr("smtp")}
		p := peertest.Start(t, program, o)
		w.Ports["192.0.2.1:25"] = p.MX
		to := map[string]*smtp.RcptOptions{"luis@elsewhere.test": said(smtp.DSNNotifySuccess)}
		if err := submitMail(sender(t, a), &smtp.MailOptions{EnvelopeID: "lot-7"}, to, letter("luis@elsewhere.test", "tell me")); err != nil {
			t.Fatal(err)
		}
		report := inbox(t, a, 1)
		foreignReport(t, report, "Action: delivered", "Final-Recipient: rfc822;", "luis@elsewhere.test", "Subject: tell me")
		if program.EnvID != strings.Contains(strings.ToLower(report), "original-envelope-id: lot-7\r\n") {
			t.Errorf("the envelope's id is not in\n%s", report)
		}
		if done := fates(t, a, "luis@elsewhere.test"); len(done) != 1 || done[0].Fate != store.Delivered {
			t.Errorf("the history: %+v", done)
		}
	})
}

// foreignReport looks into a report as another server writes it: everybody has a form of his own.
func foreignReport(t *testing.T, report string, words ...string) {
	t.Helper()
	for _, w := range append(words, "Content-Type: message/delivery-status") {
		if !strings.Contains(strings.ToLower(report), strings.ToLower(w)) {
			t.Errorf("no %q in\n%s", w, report)
		}
	}
	if !strings.HasPrefix(report, "Return-Path: <>\r\n") {
		t.Errorf("it comes from somebody:\n%.200s", report)
	}
}

// What a relay has taken and cannot pass on comes back as its own bounce, from the null sender.
func TestPeersBounce(t *testing.T) {
	withRelays(t, onePerServer(), func(t *testing.T, r peerRelay) {
		far := startSink(t, nil)
		far.answer("nobody@far.test", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "Never heard of them"})
		w, o, relay := r.plan(t)
		a := startWithAna(t, inWorld(w))
		o.Routes = map[string]string{"far.test": far.addr, "example.test": a.addr("smtp")}
		r.start(t, w, o)
		a.set("send.way", "relay")
		a.relay(relay)
		if err := submitMail(sender(t, a), nil, plainly("nobody@far.test"), letter("nobody@far.test", "are you there")); err != nil {
			t.Fatal(err)
		}
		foreignReport(t, inbox(t, a, 1), "Never heard of them", "Subject: are you there", "nobody@far.test", "Action: failed")
		emptied(t, a)
		if done := fates(t, a, "nobody@far.test"); len(done) != 1 || done[0].Fate != store.Delivered {
			t.Errorf("the history: %+v", done)
		}
	})
}
