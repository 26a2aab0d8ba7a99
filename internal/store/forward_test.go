package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
)

func TestForwards(t *testing.T) {
	s, _ := openAt(t)
	ana, _ := person(t, s, "ana@example.test", 0)
	luis, _ := person(t, s, "luis@example.test", 0)
	check(t, s.SetForward(t.Context(), Forward{Account: luis, Targets: addresses(t, "old@far.test")}))
	check(t, s.SetForward(t.Context(), Forward{Account: luis, Targets: addresses(t, "l@far.test", "L@far.test", "k@far.test"), Keep: true}))
	check(t, s.SetForward(t.Context(), Forward{Account: ana, Targets: addresses(t, "a@far.test")}))
	list, err := s.Forwards(t.Context())
	check(t, err)
	if got := fmt.Sprint(list); len(list) != 2 || list[0].Account != ana || list[0].Keep || !list[1].Keep || !slices.Equal(list[1].Targets, addresses(t, "k@far.test", "l@far.test")) {
		t.Errorf("forwards are %s", got)
	}
	if f, found, err := s.Forward(t.Context(), ana); err != nil || !found || f.Targets[0].String() != "a@far.test" {
		t.Errorf("%+v, %v, %v", f, found, err)
	}
	for _, bad := range []Forward{
		{Account: luis}, {Account: luis, Targets: addresses(t, "@far.test")}, {Account: luis, Targets: make([]message.Address, maxTargets+1)},
	} {
		wantErr(t, s.SetForward(t.Context(), bad), ErrBadName)
	}
	wantErr(t, s.SetForward(t.Context(), Forward{Account: 99, Targets: addresses(t, "a@far.test")}), ErrNoAccount)
	check(t, s.RemoveForward(t.Context(), luis))
	wantErr(t, s.RemoveForward(t.Context(), luis), ErrNoForward)
}

// Forwards are followed within our domains, and no mail is lost in them.
func TestResolveForwards(t *testing.T) {
	s, _ := openAt(t)
	id := make(map[string]AccountID)
	for _, name := range []string{"ana", "luis", "eva", "kim", "pia", "gone", "self"} {
		id[name], _ = person(t, s, name+"@example.test", 0)
		check(t, s.write(t.Context(), func(tx *tx) error { // person puts the whole key there
			return exec(tx.Conn, `UPDATE account SET local = ? WHERE id = ?`, name, id[name])
		}))
	}
	forward := func(name string, keep bool, targets ...string) {
		t.Helper()
		check(t, s.SetForward(t.Context(), Forward{Account: id[name], Targets: addresses(t, targets...), Keep: keep}))
	}
	wantErr(t, s.SetForward(t.Context(), Forward{Account: id["self"], Targets: addresses(t, "SELF@example.test")}), ErrBadName)
	forward("ana", false, "ana@far.test")
	forward("luis", true, "l@far.test", "ana@example.test")
	forward("eva", false, "kim@example.test") // a circle
	forward("kim", false, "eva+x@example.test")
	forward("gone", false, "nobody@example.test")
	forward("self", false, "pia@example.test")
	for alias, targets := range map[string]string{
		"all@example.test":   "pia@example.test eva@example.test gone@example.test",
		"both@example.test":  "ana@example.test ana@far.test",
		"twice@example.test": "ana@example.test ana+x@example.test",
	} {
		check(t, s.AddAlias(t.Context(), address(t, alias), addresses(t, strings.Fields(targets)...)))
	}
	for _, c := range []struct{ in, local, foreign, forwards string }{
		// Away, and away with a copy that stays.
		{in: "ana@example.test", forwards: "ana→ana@far.test"},
		{in: "ana+shop@example.test", forwards: "ana→ana@far.test"},
		{in: "luis@example.test", local: "luis", forwards: "ana→ana@far.test luis→l@far.test"},
		{in: "self@example.test", local: "pia"},
		// Nobody gets two copies.
		{in: "twice@example.test", forwards: "ana→ana@far.test"},
		{in: "both@example.test", foreign: "ana@far.test"},
		// A circle, and a target that is no more: the mail stays where it came to first.
		{in: "eva@example.test", local: "eva"},
		{in: "kim@example.test", local: "kim"},
		{in: "gone@example.test", local: "gone"},
		{in: "all@example.test", local: "eva gone pia"},
	} {
		r, err := s.Resolve(t.Context(), address(t, c.in))
		check(t, err)
		var local, foreign, forwards []string
		for _, a := range r.Local {
			local = append(local, a.Address.Local)
		}
		for _, a := range r.Foreign {
			foreign = append(foreign, a.String())
		}
		for _, f := range r.Forwards {
			forwards = append(forwards, f.Address.Local+"→"+fmt.Sprint(f.Targets[0]))
		}
		slices.Sort(local)
		slices.Sort(forwards)
		if got := [3]string{strings.Join(local, " "), strings.Join(foreign, " "), strings.Join(forwards, " ")}; got != [3]string{c.local, c.foreign, c.forwards} {
			t.Errorf("%s: %q, want %+v", c.in, got, c)
		}
	}
	// Whoever sends his mail on stays himself, and does not become the other.
	for name, want := range map[string]bool{"self": true, "pia": false} {
		if got, err := s.MaySend(t.Context(), id[name], address(t, "self@example.test")); err != nil || got != want {
			t.Errorf("%s may send as self: %v, %v", name, got, err)
		}
	}
	// An account that goes is taken out of forwards, and they end with it.
	check(t, s.RemoveAlias(t.Context(), address(t, "all@example.test")))
	check(t, s.RemoveAccount(t.Context(), address(t, "pia@example.test")))
	check(t, s.RemoveAlias(t.Context(), address(t, "both@example.test")))
	check(t, s.RemoveAlias(t.Context(), address(t, "twice@example.test")))
	check(t, s.RemoveAccount(t.Context(), address(t, "ana@example.test")))
	for _, name := range []string{"self", "ana"} {
		if _, found, err := s.Forward(t.Context(), id[name]); err != nil || found {
			t.Errorf("%s forwards still: %v", name, err)
		}
	}
}

func TestVacation(t *testing.T) {
	s, c := openAt(t)
	ana, _ := person(t, s, "ana", 0)
	kim := address(t, "kim@far.test")
	week := 7 * day
	due := func(to string) bool {
		t.Helper()
		due, err := s.VacationDue(t.Context(), ana, address(t, to), c.now(), week)
		check(t, err)
		return due
	}
	answer := func(since time.Time) error {
		return s.Accept(t.Context(), Incoming{
			Body: section(mail("away", "x")), Deliver: []Delivery{{Account: ana}},
			Answered: &VacationAnswer{Account: ana, To: kim, Since: since},
		})
	}
	if due("kim@far.test") {
		t.Error("due without a vacation")
	}
	wantErr(t, s.RemoveVacation(t.Context(), ana), ErrNoVacation)
	v := Vacation{Account: ana, From: c.now().Add(day), Until: c.now().Add(30 * day), Subject: "De vacaciones", Text: "Vuelvo en mayo."}
	check(t, s.SetVacation(t.Context(), Vacation{Account: ana, Text: "x"}))
	check(t, s.SetVacation(t.Context(), v))
	if got, found, err := s.Vacation(t.Context(), ana); err != nil || !found || got != v {
		t.Errorf("%+v, %v, %v", got, found, err)
	}
	if due("kim@far.test") {
		t.Error("due before it begins")
	}
	c.pass(day)
	for range 2 {
		if !due("kim@far.test") {
			t.Error("not due, or asking alone has answered")
		}
	}
	check(t, answer(c.now().Add(-week)))
	wantErr(t, answer(c.now().Add(-week)), ErrAnswered) // of two mails at once one is answered
	if due("KIM@far.test") || !due("eva@far.test") {
		t.Error("it is not by sender")
	}
	c.pass(week)
	if !due("kim@far.test") {
		t.Error("not due after a week")
	}
	check(t, answer(c.now().Add(-week)))
	check(t, s.RemoveVacation(t.Context(), ana))
	check(t, s.SetVacation(t.Context(), v))
	if due("kim@far.test") {
		t.Error("begun anew it repeats itself")
	}
	c.pass(30 * day)
	if due("eva@far.test") {
		t.Error("due after its end")
	}
	c.pass(2 * day)
	check(t, s.Care(t.Context()))
	if n := count(t, s, `SELECT count(*) FROM answered`); n != 0 {
		t.Errorf("%d answers are remembered for ever", n)
	}
}

func TestVacationIsChecked(t *testing.T) {
	s, c := openAt(t)
	ana, _ := person(t, s, "ana", 0)
	for _, bad := range []Vacation{
		{Account: ana},
		{Account: ana, Text: " \r\n"},
		{Account: ana, Text: strings.Repeat("x", maxVacationText+1)},
		{Account: ana, Text: "x\x00"},
		{Account: ana, Text: "x\xff"},
		{Account: ana, Text: "x", Subject: "a\r\nBcc: everybody"},
		{Account: ana, Text: "x", Subject: strings.Repeat("ñ", maxVacationSubject+1)},
		{Account: ana, Text: "x", From: c.now(), Until: c.now()},
	} {
		wantErr(t, s.SetVacation(t.Context(), bad), ErrBadName)
	}
	wantErr(t, s.SetVacation(t.Context(), Vacation{Account: 99, Text: "x"}), ErrNoAccount)
}

// Of what an account sent exactly one copy stays, the program's.
func TestSentCopy(t *testing.T) {
	s, c := openAt(t)
	ana, box := person(t, s, "ana", 0)
	sent, err := s.CreateMailbox(t.Context(), ana, "Enviados", `\Sent`)
	check(t, err)
	if name, err := s.SentMailbox(t.Context(), ana); err != nil || name != "Enviados" {
		t.Fatalf("%q, %v", name, err)
	}
	check(t, s.Set(t.Context(), "send.sent-copy", "yes"))
	send := func(text string) { // to herself as well
		t.Helper()
		accept(t, s, text, Delivery{Account: ana}, Delivery{Account: ana, Mailbox: "Enviados", Flags: []string{`\Seen`}, SentCopy: true})
	}
	store := func(texts ...string) {
		t.Helper()
		var drafts []Draft
		for _, text := range texts {
			drafts = append(drafts, Draft{Body: section(text), Flags: []string{`\Seen`}})
		}
		_, err := s.Append(t.Context(), sent.ID, drafts)
		check(t, err)
	}
	uids := func() (list string) {
		t.Helper()
		sound(t, s)
		for _, m := range listOf(t, s, sent.ID) {
			list += fmt.Sprint(m, " ")
		}
		return list
	}
	one, two, three := mail("one", "x"), mail("two", "x"), mail("three", "x")
	nameless := "Subject: nameless\r\n\r\nx\r\n"
	for _, step := range []struct {
		what string
		do   func()
		uids string
	}{
		{"ours", func() { send(one) }, "1 "},
		{"the program's takes its place", func() { store(one) }, "2 "},
		{"it is not taken away again", func() { store(one) }, "2 3 "},
		{"two at once, the later one first", func() { send(two); send(three); store(three, one, two) }, "2 3 6 7 8 "},
		{"the program was first", func() { store(mail("four", "x")); send(mail("four", "x")) }, "2 3 6 7 8 9 "},
		{"that one was removed before", func() {
			store(mail("five", "x"))
			_, err := s.Expunge(t.Context(), sent.ID, set(10), true)
			check(t, err)
			send(mail("five", "x"))
		}, "2 3 6 7 8 9 11 "},
		{"the person removed ours", func() {
			_, err := s.Expunge(t.Context(), sent.ID, set(11), true)
			check(t, err)
			store(mail("five", "x"))
		}, "2 3 6 7 8 9 12 "},
		{"without a Message-ID both stay", func() { send(nameless); store(nameless) }, "2 3 6 7 8 9 12 13 14 "},
		{"REPLACE of a draft", func() {
			send(mail("six", "x"))
			draft := put(t, s, box, 1)
			_, err := s.Replace(t.Context(), box, draft[0], sent.ID, Draft{Body: section(mail("six", "x"))})
			check(t, err)
		}, "2 3 6 7 8 9 12 13 14 16 "},
		{"after a day it is another message", func() {
			send(mail("seven", "x"))
			c.pass(day + time.Minute)
			check(t, s.Care(t.Context()))
			store(mail("seven", "x"))
		}, "2 3 6 7 8 9 12 13 14 16 17 18 "},
	} {
		if step.do(); uids() != step.uids {
			t.Fatalf("%s: %s, want %s", step.what, uids(), step.uids)
		}
	}
	for _, m := range list(t, s, sent.ID, 0) {
		if m.Flags&Seen == 0 && m.UID != 16 {
			t.Errorf("%d is unread", m.UID)
		}
	}
	if n := len(listOf(t, s, box)); n == 0 {
		t.Error("nothing came to the INBOX")
	}
}

func listOf(t *testing.T, s *Store, box MailboxID) (uids []uint32) {
	t.Helper()
	for _, m := range list(t, s, box, 0) {
		uids = append(uids, m.UID)
	}
	return uids
}

// The copy of what a full account sends is refused with it.
func TestSentCopyOverQuota(t *testing.T) {
	s, _ := openAt(t)
	ana, _ := person(t, s, "ana", 10)
	luis, _ := person(t, s, "luis", 0)
	err := s.Accept(t.Context(), Incoming{Body: section(mail("one", "x")), Deliver: []Delivery{{Account: luis}, {Account: ana, Mailbox: "Sent", SentCopy: true}}})
	if !errors.Is(err, ErrOverQuota) {
		t.Error(err)
	}
	sound(t, s)
}
