package config

import (
	"strings"
	"testing"
)

func TestHide(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		// For all, for an account, for a program; in order, once each.
		{in: "uidonly", want: "UIDONLY"},
		{in: "id=Outlook*:condstore, ANA@Example.org:compress=deflate,idle ; ", err: "not the name of a capability"},
		{in: "id=Outlook*:condstore, ANA@Example.org:compress=deflate,idle,IDLE", want: "IDLE,ana@example.org:COMPRESS=DEFLATE,id=Outlook*:CONDSTORE"},
		{in: "ID=iPhone?Mail:QUOTA=RES-STORAGE", want: "id=iPhone?Mail:QUOTA=RES-STORAGE"},
		// What could not have been meant.
		{in: "ana:IDLE", err: "neither an account's address"},
		{in: ":IDLE", err: "before the colon"},
		{in: "id=:IDLE", err: "neither"},
		{in: "ana@example.org:", err: "not the name of a capability"},
		{in: "IDLE!", err: "not the name of a capability"},
		{in: "imap4rev1", err: "cannot be hidden"},
	} {
		s, err := parse(map[string]string{"imap.hide": c.in})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v, want one with %q", c.in, err, c.err)
			}
			continue
		}
		if got, _ := s.Get("imap.hide"); err != nil || got != c.want {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
	}
}

func TestHideRuleMatches(t *testing.T) {
	for _, c := range []struct {
		rule, account, client string
		want                  bool
	}{
		{"IDLE", "ana@example.org", "", true},
		{"ana@example.org:IDLE", "ana@example.org", "K-9 Mail", true},
		{"ana@example.org:IDLE", "luis@example.org", "K-9 Mail", false},
		{"id=outlook*:IDLE", "ana@example.org", "Microsoft Outlook", false},
		{"id=*outlook*:IDLE", "ana@example.org", "Microsoft Outlook 16", true},
		{"id=Outlook:IDLE", "ana@example.org", "Outlook 16", false},
		{"id=Outlook*:IDLE", "ana@example.org", "", false},
		{"id=*:IDLE", "ana@example.org", "", true},
		{"id=iphone?mail*:IDLE", "ana@example.org", "iPhone Mail (22A3354)", true},
		{"id=a*b*c:IDLE", "ana@example.org", "a-b-b-c", true},
		{"id=a*b*c:IDLE", "ana@example.org", "a-b-b-d", false},
	} {
		rules, err := parseHide(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		if got := rules[0].Matches(c.account, c.client); got != c.want {
			t.Errorf("%s for %s with %q: %v", c.rule, c.account, c.client, got)
		}
	}
	// A pattern built to backtrack.
	if matchPattern(strings.Repeat("*a", 500)+"b", strings.Repeat("a", 100_000)) {
		t.Error("matched")
	}
}

func FuzzHide(f *testing.F) {
	for _, s := range []string{"IDLE", "ana@example.org:IDLE", "id=Outlook*:COMPRESS=DEFLATE", "a b,c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := parseHide(text)
		if err != nil {
			return
		}
		again, err := parseHide(printHide(rules))
		if err != nil || printHide(again) != printHide(rules) {
			t.Errorf("%q is %q, read as %q, %v", text, printHide(rules), printHide(again), err)
		}
	})
}
