package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"buzon/internal/store"
)

// settle sets settings.
func (a *testAppliance) set(settings ...string) {
	a.t.Helper()
	for i := 0; i < len(settings); i += 2 {
		if err := a.store.Set(a.t.Context(), settings[i], settings[i+1]); err != nil {
			a.t.Fatal(err)
		}
	}
}

// An account sends so many messages a day, counted in any 24 hours.
func TestSendLimitPerDay(t *testing.T) {
	t.Parallel()
	far := startPeer(t)
	var c clock
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)), c.rules)
	a.set("send.per-day", "3")
	client := sender(t, a)
	send := func() error {
		return submitMail(client, nil, plainly("luis@far.test"), letter("luis@far.test", "one of many"))
	}
	for i := range 3 {
		if err := send(); err != nil {
			t.Fatal(i, err)
		}
		c.pass(a, time.Hour)
	}
	refused(t, send(), 452, 4, 7, 1)
	c.pass(a, 21*time.Hour+2*time.Minute) // the first is a day old
	if err := send(); err != nil {
		t.Error(err)
	}
	refused(t, send(), 452, 4, 7, 1)
	far.await(t, 4)
	emptied(t, a)
	if n := len(far.all()); n != 4 {
		t.Errorf("%d messages went out", n)
	}
}

// And to so many new addresses; old ones are no matter.
func TestSendLimitNew(t *testing.T) {
	t.Parallel()
	far := startPeer(t)
	var c clock
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)), c.rules)
	a.set("send.new-per-day", "3")
	client := sender(t, a)
	send := func(to ...string) error { return submitMail(client, nil, plainly(to...), letter(to[0], "hello")) }
	for _, to := range [][]string{{"a@far.test", "b@far.test"}, {"a@far.test", "c@far.test"}, {"a@far.test", "B@far.test", "c@far.test"}} {
		if err := send(to...); err != nil {
			t.Fatal(to, err)
		}
	}
	refused(t, send("d@far.test"), 452, 4, 7, 1)
	refused(t, send("a@far.test", "d@far.test"), 452, 4, 7, 1)
	if err := send("c@far.test"); err != nil {
		t.Error(err)
	}
	c.pass(a, 24*time.Hour+2*time.Minute)
	if err := send("d@far.test"); err != nil {
		t.Error(err)
	}
	far.await(t, 5)
}

// A burst to strangers looks like a stolen password: the account is paused, its owner told, and resumed by hand.
func TestSendBurst(t *testing.T) {
	t.Parallel()
	far := startPeer(t)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)))
	a.account("luis@example.test")
	if err := a.store.AddAlias(t.Context(), parsed(t, "postmaster@example.test"), recipientsOf(t, "luis@example.test")); err != nil {
		t.Fatal(err)
	}
	client, n := sender(t, a), 0
	send := func() error {
		n++
		to := []string{fmt.Sprintf("stranger%d@far.test", 2*n), fmt.Sprintf("stranger%d@far.test", 2*n+1)}
		return submitMail(client, nil, plainly(to...), letter(to[0], "buy"))
	}
	for range 20 {
		if err := send(); err != nil {
			t.Fatal(n, err)
		}
	}
	refused(t, send(), 550, 5, 7, 1)
	refused(t, submitMail(client, nil, plainly("stranger2@far.test"), letter("stranger2@far.test", "a friend by now")), 550, 5, 7, 1)
	for _, who := range []string{"luis@example.test", "ana@example.test"} {
		box := inboxOf(t, a, who)
		if box.Total != 1 {
			t.Fatalf("%s has %d messages", who, box.Total)
		}
		notice := newest(t, a, box)
		if !strings.Contains(notice, "Subject: Sending is paused for ana@example.test\r\n") || !strings.Contains(notice, "buzon sending resume ana@example.test") {
			t.Errorf("%s was told\n%s", who, notice)
		}
	}
	if got := buzon(t, "", "sending", "resume", "ana@example.test", "--data", a.data); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	for range 3 {
		if err := send(); err != nil {
			t.Error(err)
		}
	}
	far.await(t, 23)
}

// Who is her own postmaster is told once, and the owner also where the house does not have that mailbox.
func TestSendBurstOfPostmaster(t *testing.T) {
	t.Parallel()
	far, owner := startPeer(t), startSink(t, nil)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr).with("owner.test", owner.addr)))
	targets := recipientsOf(t, "ana@example.test", "owner@owner.test")
	if err := a.store.AddAlias(t.Context(), parsed(t, "postmaster@example.test"), targets); err != nil {
		t.Fatal(err)
	}
	client := sender(t, a)
	var err error
	for n := 0; n < 30 && err == nil; n++ {
		to := []string{fmt.Sprintf("a%d@far.test", n), fmt.Sprintf("b%d@far.test", n)}
		err = submitMail(client, nil, plainly(to...), letter(to[0], "buy"))
	}
	refused(t, err, 550, 5, 7, 1)
	if n := inboxOf(t, a, "ana@example.test").Total; n != 1 {
		t.Errorf("%d notices", n)
	}
	if got := owner.await(t, 1)[0]; !strings.Contains(got.data, "Sending is paused for ana@example.test") {
		t.Errorf("the owner was told\n%s", got.data)
	}
}

// As many messages to people one knows are no burst, nor is one message to very many.
func TestSendNoBurst(t *testing.T) {
	t.Parallel()
	far := startPeer(t)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)))
	client := sender(t, a)
	var all []string
	for i := range 90 {
		all = append(all, fmt.Sprintf("friend%d@far.test", i))
	}
	if err := submitMail(client, nil, plainly(all...), letter("all", "come to my feast")); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := submitMail(client, nil, plainly(all[i]), letter(all[i], "thank you")); err != nil {
			t.Fatal(err)
		}
	}
	if got := far.await(t, 11); len(got) != 11 {
		t.Errorf("%d messages", len(got))
	}
}

// Only own addresses in MAIL, From and Sender, aliases among them.
func TestSendOwnAddresses(t *testing.T) {
	t.Parallel()
	far := startPeer(t)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)))
	a.account("luis@example.test")
	if err := a.store.AddAlias(t.Context(), parsed(t, "info@example.test"), recipientsOf(t, "ana@example.test")); err != nil {
		t.Fatal(err)
	}
	client := sender(t, a)
	sent := 0
	for _, c := range []struct {
		header string
		no     *smtp.SMTPError // nil: it goes
	}{
		{"From: Ana <ana@example.test>", nil},
		{"From: ANA@Example.Test", nil},
		{"From: info@example.test", nil},
		{"From: ana@example.test\nSender: info@example.test", nil},
		{"Subject: no From at all", nil},
		{"From: luis@example.test", refuse(550, 5, 7, 1, "")},
		{"From: kim@far.test", refuse(550, 5, 7, 1, "")},
		{"From: ana@example.test, luis@example.test", refuse(550, 5, 7, 1, "")},
		{"From: ana@example.test\nSender: luis@example.test", refuse(550, 5, 7, 1, "")},
		{"From: ana@example.test\nFrom: kim@far.test", refuse(554, 5, 6, 0, "")},
		{"From: nobody", refuse(554, 5, 6, 0, "")},
	} {
		err := submitMail(client, nil, plainly("luis@far.test"), c.header+"\nTo: luis@far.test\n\nHello\n")
		if c.no != nil {
			refused(t, err, c.no.Code, c.no.EnhancedCode[:]...)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.header, err)
		}
		sent++
		got := far.await(t, sent)[sent-1]
		checkSignatures(t, a, got.data)
		if !strings.Contains(got.data, "\r\nFrom: ") {
			t.Errorf("no From in\n%s", got.data)
		}
	}
	refused(t, client.Mail("luis@example.test", nil), 553, 5, 7, 1)
	refused(t, client.Mail("kim@far.test", nil), 553, 5, 7, 1)
	emptied(t, a)
	if n := len(far.all()); n != sent {
		t.Errorf("%d messages went out, not %d", n, sent)
	}
}

// Blind copies reach who they are for, and nobody else hears of them, in whatever form the header names them.
func TestSendBlindCopies(t *testing.T) {
	t.Parallel()
	far := startPeer(t)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)))
	a.account("luis@example.test")
	mail := "BCC: eva@far.test\nFrom: ana@example.test\nbcc : luis@example.test,\n\tmore@far.test\nTo: kim@far.test\nBcc:\n\nBcc: in the text stays\n"
	if err := submitMail(sender(t, a), nil, plainly("kim@far.test", "eva@far.test", "luis@example.test"), mail); err != nil {
		t.Fatal(err)
	}
	got := far.await(t, 1)[0]
	checkSignatures(t, a, got.data)
	for who, text := range map[string]string{"the world": got.data, "luis": newest(t, a, inboxOf(t, a, "luis@example.test"))} {
		header, body, _ := strings.Cut(text, "\r\n\r\n")
		if strings.Contains(strings.ToLower(header), "bcc") || strings.Contains(header, "eva@") || strings.Contains(header, "more@") || body != "Bcc: in the text stays\r\n" {
			t.Errorf("%s reads\n%s", who, text)
		}
	}
	if strings.Join(got.to, " ") != "kim@far.test eva@far.test" && strings.Join(got.to, " ") != "eva@far.test kim@far.test" {
		t.Errorf("it went to %q", got.to)
	}
}

// The copy of what was sent: ours, until the program stores its own, before or after.
func TestSendSentCopy(t *testing.T) {
	t.Parallel()
	far := startPeer(t)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)))
	client, program := sender(t, a), imapClient(t, a, nil)
	ana := must[store.Account](t)(a.store.Account(t.Context(), parsed(t, "ana@example.test")))
	mail := func(id string) string {
		return "From: ana@example.test\nTo: luis@far.test\nMessage-ID: <" + id + "@example.test>\nSubject: " + id + "\n\nHello\n"
	}
	submit := func(id string) {
		t.Helper()
		if err := submitMail(client, nil, plainly("luis@far.test"), mail(id)); err != nil {
			t.Fatal(err)
		}
	}
	file := func(id string) imap.UID {
		t.Helper()
		body := strings.ReplaceAll(mail(id), "\n", "\r\n") + "filed by the program\r\n"
		return appendMessage(t, program, "Sent", []byte(body), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}})
	}
	sent := func() store.Mailbox { return must[store.Mailbox](t)(a.store.Mailbox(t.Context(), ana.ID, "Sent")) }
	submit("off")
	if n := sent().Total; n != 0 {
		t.Errorf("%d copies, and none was wanted", n)
	}
	a.set("send.sent-copy", "yes")

	submit("after")
	box := sent()
	if copied := newest(t, a, box); box.Total != 1 || box.Unseen != 0 || !strings.Contains(copied, "Subject: after\r\n") {
		t.Errorf("%d copies, %d unread:\n%s", box.Total, box.Unseen, copied)
	}
	uid := file("after")
	if box = sent(); box.Total != 1 || box.UIDNext != uint32(uid)+1 || !strings.Contains(newest(t, a, box), "filed by the program") {
		t.Errorf("%d copies", box.Total)
	}

	file("before")
	submit("before")
	if box = sent(); box.Total != 2 || !strings.Contains(newest(t, a, box), "filed by the program") {
		t.Errorf("%d copies", box.Total)
	}
	submit("alone")
	if n := sent().Total; n != 3 {
		t.Errorf("%d copies", n)
	}
	for _, m := range far.await(t, 4) {
		if strings.Contains(m.data, "filed by") {
			t.Error("what the program filed went out")
		}
	}
}

// A message that was refused leaves nothing behind: neither in Sent, nor in the counts.
func TestSendRefusedCountsNothing(t *testing.T) {
	t.Parallel()
	far := startPeer(t)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)))
	a.set("send.sent-copy", "yes", "send.per-day", "1", "send.new-per-day", "1")
	client := sender(t, a)
	for range 3 {
		refused(t, submitMail(client, nil, plainly("luis@far.test"), "From: kim@far.test\n\nHello\n"), 550, 5, 7, 1)
	}
	if err := client.Mail("ana@example.test", nil); err != nil {
		t.Fatal(err)
	}
	if err := client.Rcpt("eva@far.test", nil); err != nil {
		t.Fatal(err)
	}
	w := must[*smtp.DataCommand](t)(client.Data())
	io.WriteString(w, "From: ana@example.test\r\n\r\nbroken of")
	client.Close() // in the middle
	client = sender(t, a)
	if err := submitMail(client, nil, plainly("luis@far.test"), letter("luis@far.test", "the first")); err != nil {
		t.Error(err)
	}
	refused(t, submitMail(client, nil, plainly("luis@far.test"), letter("luis@far.test", "the second")), 452, 4, 7, 1)
	if got := far.await(t, 1); len(got) != 1 {
		t.Errorf("%d messages went out", len(got))
	}
}
