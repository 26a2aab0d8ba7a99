package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"buzon/internal/message"
	"buzon/internal/store"
)

// A home is an appliance that has been in use: ana looks after it, luis lives there, and there is something of everything.
func startHome(t *testing.T) *testAppliance {
	t.Helper()
	w := world{Zone: "far.test MX 10 mx.far.test\nmx.far.test A 192.0.2.25", Broken: []string{"stuck.test"}}
	a := startTest(t, inWorld(w))
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := a.store.Begin(ctx, store.First{Name: "Ana Núñez", Address: anaOfExample, Password: anasPassword, Language: "en", Next: "done"})
	check(err)
	luis := message.Address{Local: "luis", Domain: "example.org"}
	acc, err := a.store.AddAccount(ctx, luis, anasPassword)
	check(err)
	check(a.sending.Keys().EnsureKeys(ctx, "example.org"))
	check(a.store.AddAlias(ctx, message.Address{Local: "info", Domain: "example.org"}, []message.Address{anaOfExample, luis}))
	for _, who := range []message.Address{anaOfExample, luis} {
		_, err = a.store.AddAppPassword(ctx, who, "phone of "+who.Local)
		check(err)
	}
	check(a.store.SetRelay(ctx, store.Relay{Host: "smtp.stuck.test", Port: 587, TLS: "starttls", User: "us", Password: "relay secret", For: "example.net"}))
	check(a.store.PauseSending(ctx, acc.ID, store.PauseBurst))
	check(a.store.SetVacation(ctx, store.Vacation{Account: acc.ID, Subject: "Away", Text: "Back in May.", Until: time.Now().AddDate(0, 0, 9)}))
	check(a.store.SetForward(ctx, store.Forward{Account: acc.ID, Targets: []message.Address{{Local: "luis", Domain: "elsewhere.test"}}, Keep: true}))
	for _, allow := range []bool{true, false} {
		for _, owner := range []store.AccountID{0, acc.ID} {
			_, err = a.store.AddRule(ctx, store.Rule{Account: owner, Allow: allow, Kind: store.RuleDomain, Value: fmt.Sprintf("a-rather-long-name-of-a-company-%v.test", allow)})
			check(err)
		}
	}
	check(a.store.AddRefusals(ctx, []store.Refusal{{
		At: time.Now(), Times: 3, Client: "203.0.113.9", Host: "mx.bad.test", Helo: "mx", Sender: "offers-and-more@" + strings.Repeat("newsletter-", 5) + strings.Repeat(".very-long-names-of-somebody-else", 3) + ".bad.test", Recipient: "ana@example.org",
		Reason: "listed", Reply: "550 5.7.1 You are on a list",
	}}))
	a.bring(t)
	a.leaveWaiting(t, acc)
	_, err = a.doctor.Examine(ctx, nil)
	check(err)
	return a
}

// bring delivers some mail from the world.
func (a *testAppliance) bring(t *testing.T) {
	t.Helper()
	c := must[*smtp.Client](t)(smtp.Dial(a.addr("smtp")))
	defer c.Close()
	for i := range 3 {
		body := fmt.Sprintf("From: Kim <kim@far.test>\r\nTo: ana@example.org\r\nSubject: Nobody's business\r\nMessage-ID: <%d@far.test>\r\n\r\nprivate\r\n", i)
		if err := c.SendMail("kim@far.test", []string{"ana@example.org"}, strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
}

// leaveWaiting has luis write to those whose DNS does not answer, so that his mail waits.
func (a *testAppliance) leaveWaiting(t *testing.T, luis store.Account) {
	t.Helper()
	const mail = "From: luis@example.org\r\nSubject: Nobody's business\r\n\r\nprivate\r\n"
	out := store.Outgoing{From: luis.Address, Account: luis.ID}
	for _, local := range []string{"eva", "noa", "a.person.with.a.long.name"} {
		out.To = append(out.To, store.Recipient{Address: message.Address{Local: local, Domain: "stuck.test"}})
	}
	err := a.store.Accept(t.Context(), store.Incoming{
		From: luis.Address, Body: io.NewSectionReader(strings.NewReader(mail), 0, int64(len(mail))), Send: []store.Outgoing{out}, LogID: "wait",
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "all were tried", func() bool {
		for _, j := range a.jobs(t) {
			if j.Attempts == 0 || j.Reply.Text == "" {
				return false
			}
		}
		return true
	})
}

// jobs are all that wait.
func (a *testAppliance) jobs(t *testing.T) (list []store.Job) {
	t.Helper()
	for _, q := range must[[]store.Queued](t)(a.store.QueuePage(t.Context(), 0)) {
		list = append(list, q.Jobs...)
	}
	return list
}
