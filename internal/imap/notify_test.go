package imap

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// RFC 5465 §5: what happened between two readings.
func TestCompareMailboxes(t *testing.T) {
	box := func(id string, more ...func(*Mailbox)) Mailbox {
		m := Mailbox{Name: id, ID: id, UIDValidity: 1, UIDNext: 5, ModSeq: 9, Total: 3, Unseen: 1}
		for _, f := range more {
			f(&m)
		}
		return m
	}
	named := func(name string) func(*Mailbox) { return func(m *Mailbox) { m.Name = name } }
	subscribed := func(m *Mailbox) { m.Subscribed = true }
	onlySubscribed := func(m *Mailbox) { *m = Mailbox{Name: m.Name, Subscribed: true, NonExistent: true} }
	for name, c := range map[string]struct {
		was, is []Mailbox
		want    string
	}{
		"nothing": {[]Mailbox{box("A")}, []Mailbox{box("A")}, ""},
		"came":    {[]Mailbox{box("A")}, []Mailbox{box("A", func(m *Mailbox) { m.UIDNext, m.Total, m.ModSeq = 6, 4, 10 })}, "A:1"},
		"came and went": {
			[]Mailbox{box("A")}, []Mailbox{box("A", func(m *Mailbox) { m.UIDNext, m.ModSeq = 6, 11 })}, "A:3",
		},
		"went":       {[]Mailbox{box("A")}, []Mailbox{box("A", func(m *Mailbox) { m.Total, m.ModSeq = 2, 10 })}, "A:2"},
		"flags":      {[]Mailbox{box("A")}, []Mailbox{box("A", func(m *Mailbox) { m.ModSeq = 10 })}, "A:4"},
		"new life":   {[]Mailbox{box("A")}, []Mailbox{box("A", func(m *Mailbox) { m.UIDValidity = 2 })}, "A:4"},
		"made":       {nil, []Mailbox{box("A")}, "A:8"},
		"removed":    {[]Mailbox{box("A")}, nil, "A:8"},
		"renamed":    {[]Mailbox{box("A")}, []Mailbox{box("A", named("B"))}, "B:8"},
		"subscribed": {[]Mailbox{box("A")}, []Mailbox{box("A", subscribed)}, "A:16"},
		// §5.4: nothing for the children
		"renamed with children": {
			[]Mailbox{box("A"), box("A/x"), box("A/y")},
			[]Mailbox{box("A", named("B")), box("A/x", named("B/x")), box("A/y", named("C"))}, "B:8 C:8",
		},
		"removed, still subscribed": {[]Mailbox{box("A", subscribed)}, []Mailbox{box("A", onlySubscribed)}, "A:8"},
		"made, subscribed before":   {[]Mailbox{box("A", onlySubscribed)}, []Mailbox{box("A", subscribed)}, "A:8"},
		"made anew":                 {[]Mailbox{box("A")}, []Mailbox{box("Z", named("A"))}, "A:8"},
		"subscription alone":        {nil, []Mailbox{box("A", onlySubscribed)}, "A:16"},
	} {
		var got []string
		for _, ch := range compareMailboxes(c.was, c.is) {
			got = append(got, fmt.Sprintf("%s:%d", ch.mailbox().Name, ch.events))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// What is too much is refused at once, or given up later (RFC 5465 §3.1, §5.8).
func TestNotificationOverflow(t *testing.T) {
	f := newFake()
	c := dial(t, &Server{Backend: f}, nil)
	c.login(t)
	c.send(t, "a NOTIFY SET "+strings.Repeat("(personal NONE) ", maxGroups)+"(personal NONE)\r\n")
	c.expect(t, "a NO [NOTIFICATIONOVERFLOW] ...")
	c.send(t, "b NOTIFY SET (mailboxes ("+strings.Repeat("a ", maxGroupNames)+"a) NONE)\r\n")
	c.expect(t, "b NO [NOTIFICATIONOVERFLOW] ...")
	c.send(t, "c NOTIFY SET (personal (MessageNew MessageExpunge))\r\n")
	c.expect(t, "c OK ...")
	f.mu.Lock()
	for i := range maxNotified {
		f.add(fmt.Sprint(i), "")
	}
	f.mu.Unlock()
	f.deliver("INBOX", testMessage)
	c.expect(t, "* OK [NOTIFICATIONOVERFLOW] ...")
	f.deliver("INBOX", testMessage)
	c.send(t, "d NOOP\r\ne NOTIFY SET (personal (MessageNew MessageExpunge))\r\n")
	c.expect(t, "d OK ...")
	c.expect(t, "e NO [NOTIFICATIONOVERFLOW] ...")
}

// Sessions that know the same hold the same list, and none when they are gone.
func TestNotifyListsAreShared(t *testing.T) {
	var l lists
	l.join("ana")
	l.join("ana")
	a := l.share("ana", []Mailbox{{Name: "INBOX"}})
	if b := l.share("ana", []Mailbox{{Name: "INBOX"}}); &a[0] != &b[0] {
		t.Error("two lists of the same")
	}
	l.leave("ana")
	l.leave("ana")
	if len(l.kept) != 0 {
		t.Error("a list for nobody")
	}
}
