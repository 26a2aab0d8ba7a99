package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"buzon/internal/message"
	"buzon/internal/report"
	"buzon/internal/store"
)

// fromWorld hands a message over as a server of the world does.
func fromWorld(t testing.TB, a *testAppliance, from, mail string, to ...string) error {
	t.Helper()
	c, err := smtp.Dial(a.addr("smtp"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.SendMail(from, to, strings.NewReader(strings.ReplaceAll(mail, "\n", "\r\n")))
}

// arrives is fromWorld for what must be accepted.
func arrives(t testing.TB, a *testAppliance, from, mail string, to ...string) {
	t.Helper()
	if err := fromWorld(t, a, from, mail, to...); err != nil {
		t.Fatal(err)
	}
}

// refused looks for the code of a refusal.
func refused(t testing.TB, err error, code int, enhanced ...int) {
	t.Helper()
	said, ok := err.(*smtp.SMTPError)
	if !ok || said.Code != code || said.EnhancedCode != smtp.EnhancedCode(enhanced) {
		t.Errorf("%v, and not %d %v", err, code, enhanced)
	}
}

// account adds one.
func (a *testAppliance) account(address string) store.Account {
	a.t.Helper()
	return must[store.Account](a.t)(a.store.AddAccount(a.t.Context(), parsed(a.t, address), "secret"))
}

func parsed(t testing.TB, address string) message.Address {
	t.Helper()
	return must[message.Address](t)(message.ParseAddress(address))
}

// forwards sends ana's mail on.
func (a *testAppliance) forwards(keep bool, to string) {
	a.t.Helper()
	ana := must[store.Account](a.t)(a.store.Account(a.t.Context(), parsed(a.t, "ana@example.test")))
	if err := a.store.SetForward(a.t.Context(), store.Forward{Account: ana.ID, Targets: []message.Address{parsed(a.t, to)}, Keep: keep}); err != nil {
		a.t.Fatal(err)
	}
}

const fromKim = "From: Kim <kim@far.test>\nTo: ana@example.test\nMessage-ID: <1@far.test>\nSubject: from afar\n\nHello Ana\n"

// Mail that is sent on bears a sender of ours, and what it says is not touched.
func TestSendForward(t *testing.T) {
	t.Parallel()
	far, target := startSink(t, nil), startSink(t, nil)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr).with("target.test", target.addr)))
	a.forwards(true, "ana@target.test")
	arrives(t, a, "kim@far.test", fromKim, "ana@example.test")
	got := target.await(t, 1)[0]
	if !strings.HasPrefix(got.from, "SRS0=") || !strings.HasSuffix(got.from, "=far.test=kim@example.test") || strings.Join(got.to, " ") != "ana@target.test" {
		t.Errorf("from %q to %q", got.from, got.to)
	}
	if !strings.HasSuffix(got.data, strings.ReplaceAll(fromKim, "\n", "\r\n")) || strings.Contains(got.data, "DKIM-Signature") {
		t.Errorf("it was changed:\n%s", got.data)
	}
	if kept := inbox(t, a, 1); !strings.HasPrefix(kept, "Return-Path: <kim@far.test>\r\n") {
		t.Errorf("the copy that stays:\n%s", kept)
	}

	// The bounce of the target comes to us, and goes on to Kim.
	bounce := "From: postmaster@target.test\nTo: " + got.from + "\nSubject: no\n\nNobody reads that\n"
	arrives(t, a, "", bounce, got.from)
	back := far.await(t, 1)[0]
	if back.from != "" || strings.Join(back.to, " ") != "kim@far.test" || !strings.Contains(back.data, "Nobody reads that") {
		t.Errorf("the bounce came from %q to %q:\n%s", back.from, back.to, back.data)
	}
	arrives(t, a, "", bounce, strings.ToLower(got.from)) // as some servers write it
	far.await(t, 2)

	// Nothing else passes there.
	refused(t, fromWorld(t, a, "eve@evil.test", bounce, got.from), 550, 5, 1, 1)
	refused(t, fromWorld(t, a, "", bounce, strings.Replace(got.from, "far.test", "fan.test", 1)), 550, 5, 1, 1)
	a.forwards(false, "ana@target.test")
	arrives(t, a, "kim@far.test", fromKim, "ana@example.test")
	target.await(t, 2)
	if n := inboxOf(t, a, "ana@example.test").Total; n != 1 {
		t.Errorf("%d messages stayed here", n)
	}
}

// The target refuses what is sent on: the one who wrote it hears of it, by the address that it wrote to.
func TestSendForwardRefused(t *testing.T) {
	t.Parallel()
	far, target := startSink(t, nil), startSink(t, nil)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr).with("target.test", target.addr)))
	a.forwards(true, "ana@target.test")
	no := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Ana has left"}
	target.answer("ana@target.test", no, no)
	arrives(t, a, "kim@far.test", fromKim, "ana@example.test")
	got := far.await(t, 1)[0]
	if got.from != "" || strings.Join(got.to, " ") != "kim@far.test" {
		t.Errorf("the report went from %q to %q", got.from, got.to)
	}
	n := readNotice(t, got.data)
	n.wants(t, "Action: failed", "Original-Recipient: rfc822; ana@example.test", "Status: 5.7.1")
	if !strings.Contains(n.text, "\n  ana@example.test\n") || !strings.Contains(n.text, "Ana has left") || !strings.HasSuffix(n.Get("From"), "@example.test>") {
		t.Errorf("from %s:\n%s", n.Get("From"), n.text)
	}
	checkSignatures(t, a, got.data)

	// A report that cannot be sent on dies.
	arrives(t, a, "", "From: postmaster@far.test\nTo: ana@example.test\nSubject: report\n\nNo\n", "ana@example.test")
	emptied(t, a)
	if n := len(far.all()); n != 1 || len(target.all()) != 0 {
		t.Errorf("%d reports", n)
	}
	if done := fates(t, a, "ana@target.test"); len(done) != 2 || done[0].From != (message.Address{}) {
		t.Errorf("%+v", done)
	}
	if n := inboxOf(t, a, "ana@example.test").Total; n != 2 {
		t.Errorf("ana has %d messages", n)
	}
}

// An alias may lead out of the house, for people of the house and for the world.
func TestSendAlias(t *testing.T) {
	t.Parallel()
	far, target := startSink(t, nil), startSink(t, nil)
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr).with("target.test", target.addr)))
	targets := []message.Address{parsed(t, "ana@example.test"), parsed(t, "luis@target.test")}
	if err := a.store.AddAlias(t.Context(), parsed(t, "all@example.test"), targets); err != nil {
		t.Fatal(err)
	}
	arrives(t, a, "kim@far.test", fromKim, "all@example.test")
	got := target.await(t, 1)[0]
	if !strings.HasPrefix(got.from, "SRS0=") || strings.Join(got.to, " ") != "luis@target.test" {
		t.Errorf("from %q to %q", got.from, got.to)
	}
	inbox(t, a, 1)

	// Our own people need no other sender; who asked hears once that it went to several (RFC 3461 §5.2.7.3).
	to := map[string]*smtp.RcptOptions{"all@example.test": said(smtp.DSNNotifySuccess)}
	if err := submitMail(sender(t, a), nil, to, letter("all@example.test", "to all")); err != nil {
		t.Fatal(err)
	}
	got = target.await(t, 2)[1]
	if got.from != "ana@example.test" || len(got.rcpt[0].Notify) > 0 && got.rcpt[0].Notify[0] == smtp.DSNNotifySuccess {
		t.Errorf("from %q, %+v", got.from, got.rcpt)
	}
	checkSignatures(t, a, got.data)
	n := readNotice(t, inbox(t, a, 3)) // the mail itself, then the report
	n.wants(t, "Action: expanded", "Final-Recipient: rfc822; all@example.test")
}

// What we sent on and comes back does not go round: neither for the account nor for an alias.
func TestSendLoop(t *testing.T) {
	t.Parallel()
	target := startSink(t, nil)
	a := startWithAna(t, inWorld(world{}.with("target.test", target.addr)))
	a.forwards(true, "ana@target.test")
	if err := a.store.AddAlias(t.Context(), parsed(t, "all@example.test"), []message.Address{parsed(t, "all@target.test")}); err != nil {
		t.Fatal(err)
	}
	for i, to := range []string{"ana@example.test", "all@example.test"} {
		arrives(t, a, "kim@far.test", fromKim, to)
		got := target.await(t, i+1)[i]
		refused(t, fromWorld(t, a, got.from, strings.ReplaceAll(got.data, "\r\n", "\n"), to), 554, 5, 4, 6)
	}
	emptied(t, a)
	if n := len(target.all()); n != 2 {
		t.Errorf("%d messages went out", n)
	}
}

// Who is away answers once a week, and no machine.
func TestSendVacation(t *testing.T) {
	t.Parallel()
	far := startSink(t, nil)
	var c clock
	a := startWithAna(t, inWorld(world{}.with("far.test", far.addr)), c.rules)
	ana := must[store.Account](t)(a.store.Account(t.Context(), parsed(t, "ana@example.test")))
	if err := a.store.SetVacation(t.Context(), store.Vacation{Account: ana.ID, Text: "Back in May. ¡Hasta pronto!"}); err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"List-Id: <news.far.test>", "Precedence: bulk", "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: OOF"} {
		arrives(t, a, "news@far.test", header+"\n"+fromKim, "ana@example.test")
	}
	arrives(t, a, "", fromKim, "ana@example.test")
	arrives(t, a, "owner-news@far.test", fromKim, "ana@example.test")
	arrives(t, a, "blind@far.test", "From: kim@far.test\nTo: somebody@far.test\n\nA blind copy\n", "ana@example.test")
	answers, today := 0, 0
	for _, mail := range []struct {
		day      int
		answered bool
	}{{0, true}, {1, false}, {6, false}, {7, true}, {8, false}, {15, true}} {
		c.pass(a, time.Duration(mail.day-today)*(24*time.Hour+time.Second))
		today = mail.day
		arrives(t, a, "kim@far.test", fromKim, "ana@example.test")
		emptied(t, a)
		if mail.answered {
			answers++
		}
		if n := len(far.all()); n != answers {
			t.Fatalf("%d answers on day %d, not %d", n, mail.day, answers)
		}
	}
	got := far.all()[0]
	if got.from != "" || strings.Join(got.to, " ") != "kim@far.test" {
		t.Errorf("from %q to %q", got.from, got.to)
	}
	for _, want := range []string{"Subject: Re: from afar\r\n", "In-Reply-To: <1@far.test>\r\n", "Auto-Submitted: auto-replied\r\n", "From: <ana@example.test>\r\n", "Back in May."} {
		if !strings.Contains(got.data, want) {
			t.Errorf("no %q in\n%s", want, got.data)
		}
	}
	checkSignatures(t, a, got.data)
	if n := inboxOf(t, a, "ana@example.test").Total; n != 7+6 {
		t.Errorf("ana has %d messages", n)
	}
}

// Two who are away do not answer each other for ever, nor does one who is sent her own answer.
func TestSendVacationsMeet(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	luis := a.account("luis@example.test")
	ana := must[store.Account](t)(a.store.Account(t.Context(), parsed(t, "ana@example.test")))
	for _, id := range []store.AccountID{ana.ID, luis.ID} {
		if err := a.store.SetVacation(t.Context(), store.Vacation{Account: id, Text: "Away"}); err != nil {
			t.Fatal(err)
		}
	}
	client := sender(t, a)
	for i := range 3 {
		if err := submitMail(client, nil, plainly("luis@example.test"), letter("luis@example.test", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if answer := inbox(t, a, 1); !strings.Contains(answer, "Away") {
		t.Errorf("%s", answer)
	}
	if err := submitMail(client, nil, plainly("ana@example.test"), letter("ana@example.test", "to myself")); err != nil {
		t.Fatal(err)
	}
	if ana, luis := inboxOf(t, a, "ana@example.test").Total, inboxOf(t, a, "luis@example.test").Total; ana != 2 || luis != 3 {
		t.Errorf("ana has %d messages, luis %d", ana, luis)
	}
}

// A sender too long to be rewritten is replaced by one of ours, where a report about it ends.
func TestSendForwardLongSender(t *testing.T) {
	t.Parallel()
	target := startSink(t, nil)
	a := startWithAna(t, inWorld(world{}.with("target.test", target.addr)))
	a.forwards(false, "ana@target.test")
	from := strings.Repeat("k", 60) + "@far.test"
	arrives(t, a, from, fromKim, "ana@example.test")
	if got := target.await(t, 1)[0]; report.IsSRS(parsed(t, got.from)) || !strings.HasSuffix(got.from, "@example.test") {
		t.Errorf("from %q", got.from)
	}
	target.answerBody(&smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "Unreadable"})
	arrives(t, a, from, fromKim, "ana@example.test")
	got := target.await(t, 2)[1] // ana is the postmaster as well, and her mail goes on
	if n := readNotice(t, got.data); got.from != "" || !strings.Contains(n.text, "Unreadable") {
		t.Errorf("from %q: %s", got.from, n.text)
	}
	emptied(t, a)
}

// Reports go where the mail of their reader goes.
func TestSendReportIsForwarded(t *testing.T) {
	t.Parallel()
	target := startSink(t, nil)
	a := startWithAna(t, inWorld(world{}.with("target.test", target.addr)))
	a.forwards(false, "ana@target.test")
	if err := submitMail(sender(t, a), nil, plainly("luis@nowhere.test"), letter("luis@nowhere.test", "the party")); err != nil {
		t.Fatal(err)
	}
	got := target.await(t, 1)[0]
	if got.from != "" || strings.Join(got.to, " ") != "ana@target.test" {
		t.Errorf("from %q to %q", got.from, got.to)
	}
	readNotice(t, got.data).wants(t, "Final-Recipient: rfc822; luis@nowhere.test", "Action: failed")
	checkSignatures(t, a, got.data)
	emptied(t, a)
}

// One of the house writes to another whose mail goes elsewhere: the sender may be named as it is, and the signature holds.
func TestSendForwardOwn(t *testing.T) {
	t.Parallel()
	target := startSink(t, nil)
	a := startWithAna(t, inWorld(world{}.with("target.test", target.addr)))
	luis := a.account("luis@example.test")
	err := a.store.SetForward(t.Context(), store.Forward{Account: luis.ID, Targets: recipientsOf(t, "luis@target.test")})
	if err != nil {
		t.Fatal(err)
	}
	target.answer("luis@target.test", nil, &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "Gone"})
	client := sender(t, a)
	for i := range 2 {
		if err := submitMail(client, nil, plainly("luis@example.test"), letter("luis@example.test", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		emptied(t, a)
	}
	got := target.await(t, 1)[0]
	if got.from != "ana@example.test" {
		t.Errorf("from %q", got.from)
	}
	checkSignatures(t, a, got.data)
	n := readNotice(t, inbox(t, a, 1))
	n.wants(t, "Original-Recipient: rfc822; luis@example.test")
	if !strings.Contains(n.text, "  luis@example.test\n") {
		t.Errorf("it says\n%s", n.text)
	}
}
