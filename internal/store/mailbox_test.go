package store

import (
	"cmp"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMailboxName(t *testing.T) {
	long := strings.Repeat("x", maxLevel)
	for _, tc := range []struct{ in, want string }{
		{"Work", "Work"}, {"a/b c/d", "a/b c/d"}, {long + "/" + long, long + "/" + long},
		// RFC 3501 §5.1: INBOX in any case, here also above others.
		{"inbox", "INBOX"}, {"iNbOx/x", "INBOX/x"}, {"inboxes", "inboxes"}, {"x/inbox", "x/inbox"},
		// One name in two forms of Unicode is one name.
		{"man\u0303ana", "ma\u00f1ana"},
		// Refused.
		{"", ""}, {"/", ""}, {"a//b", ""}, {"/a", ""}, {"a/", ""}, {"a\x00", ""}, {"a\nb", ""}, {"a\u0085", ""}, {"a\u2028b", ""}, {"a\xff", ""},
		{long + "x", ""}, {strings.Repeat("a/", maxLevels) + "a", ""},
	} {
		got, err := mailboxName(tc.in)
		if got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%q: %q, %v", tc.in, got, err)
		}
		if err != nil {
			wantErr(t, err, ErrBadName)
		}
	}
}

// names lists an account's mailboxes: (NoSelect) -subscribed-only +subscribed.
func names(t *testing.T, s *Store, acc AccountID) string {
	t.Helper()
	list, err := s.Mailboxes(t.Context(), acc)
	check(t, err)
	var out []string
	for _, m := range list {
		name := m.Name
		switch {
		case m.ID == 0:
			name = "-" + name
		case m.NoSelect:
			name = "(" + name + ")"
		}
		if m.Subscribed && m.ID != 0 {
			name = "+" + name
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func TestNamespace(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	put(t, s, box, 2)
	deep := strings.Repeat("z/", maxLevels-2) + "z"
	for _, tc := range []struct {
		do   string
		err  error
		list string // "" is as before
	}{
		// RFC 3501 §6.3.3: parents are made, a "/" at the end is dropped.
		{"create a/b/c", nil, "INBOX a a/b a/b/c"},
		{"create d/", nil, "INBOX a a/b a/b/c d"},
		{"create a/b", ErrExists, ""},
		{"create inbox", ErrExists, ""},
		{"create x//y", ErrBadName, ""},
		// RFC 3501 §6.3.4.
		{"delete a/b", nil, "INBOX a (a/b) a/b/c d"},
		{"delete a/b", ErrInUse, ""},
		{"delete Inbox", ErrBadName, ""},
		{"delete zz", ErrNoMailbox, ""},
		{"delete x//y", ErrNoMailbox, ""},
		{"create a/b", nil, "INBOX a a/b a/b/c d"},
		{"delete a/b", nil, "INBOX a (a/b) a/b/c d"},
		{"delete a/b/c", nil, "INBOX a d"},
		// RFC 3501 §6.3.5.
		{"create a/x/y", nil, "INBOX a a/x a/x/y d"},
		{"subscribe a/x", nil, "INBOX a +a/x a/x/y d"},
		{"rename a a/x/z", ErrBadName, ""},
		{"rename a a", ErrExists, ""},
		{"rename a d", ErrExists, ""},
		{"rename a inbox", ErrExists, ""},
		{"rename zz yy", ErrNoMailbox, ""},
		{"rename a x//y", ErrBadName, ""},
		{"rename a n/m", nil, "INBOX d n n/m +n/m/x n/m/x/y"},
		{"rename n/m/x x", nil, "INBOX d n n/m +x x/y"},
		{"rename x xx/y", nil, "INBOX d n n/m xx +xx/y xx/y/y"},
		{"rename xx " + deep, ErrBadName, "INBOX d n n/m xx +xx/y xx/y/y"},
		{"rename INBOX old", nil, "INBOX d n n/m old xx +xx/y xx/y/y"},
		{"create inbox/sub", nil, "INBOX INBOX/sub d n n/m old xx +xx/y xx/y/y"},
		{"rename INBOX old2", nil, "INBOX INBOX/sub d n n/m old old2 xx +xx/y xx/y/y"},
		// RFC 3501 §6.3.6: subscriptions outlive their mailboxes.
		{"delete xx/y/y", nil, "INBOX INBOX/sub d n n/m old old2 xx +xx/y"},
		{"delete xx/y", nil, "INBOX INBOX/sub d n n/m old old2 xx -xx/y"},
		{"subscribe not/there", nil, "INBOX INBOX/sub d n n/m -not/there old old2 xx -xx/y"},
		{"unsubscribe xx/y", nil, "INBOX INBOX/sub d n n/m -not/there old old2 xx"},
		{"subscribe x//y", ErrBadName, ""},
	} {
		before := names(t, s, acc)
		err := namespaceStep(t, s, acc, strings.Fields(tc.do))
		if !errors.Is(err, tc.err) {
			t.Fatalf("%s: %v, want %v", tc.do, err, tc.err)
		}
		if got := names(t, s, acc); got != cmp.Or(tc.list, before) {
			t.Fatalf("%s: %s, want %s", tc.do, got, cmp.Or(tc.list, before))
		}
	}
	old, err := s.Mailbox(t.Context(), acc, "old")
	check(t, err)
	if old.Total != 2 {
		t.Errorf("%+v", old)
	}
	sound(t, s)
}

func namespaceStep(t *testing.T, s *Store, acc AccountID, do []string) (err error) {
	switch do[0] {
	case "create":
		_, err = s.CreateMailbox(t.Context(), acc, do[1], "")
	case "delete":
		err = s.DeleteMailbox(t.Context(), acc, do[1])
	case "rename":
		err = s.RenameMailbox(t.Context(), acc, do[1], do[2])
	default:
		err = s.Subscribe(t.Context(), acc, do[1], do[0] == "subscribe")
	}
	return err
}

// RFC 3501 §2.3.1.1: a name made again within a second has another UIDVALIDITY,
// also when it was the last one made, and when the clock stands in the past.
func TestUIDValidity(t *testing.T) {
	now := time.Unix(2e9, 0)
	s, err := Open(t.Context(), t.TempDir()+"/mail.db", Options{Now: func() time.Time { return now }})
	check(t, err)
	defer s.Close()
	acc, _ := person(t, s, "p", 0)
	last := uint32(0)
	for i := range 4 {
		if i == 2 {
			now = time.Unix(1e9, 0)
		}
		m, err := s.CreateMailbox(t.Context(), acc, "x", "")
		check(t, err)
		if m.UIDValidity <= last || m.ModSeq != 1 || m.UIDNext != 1 {
			t.Errorf("%+v after %d", m, last)
		}
		last = m.UIDValidity
		check(t, s.DeleteMailbox(t.Context(), acc, "x"))
	}
}

func TestSpecialUse(t *testing.T) {
	s := openMail(t)
	acc, _ := person(t, s, "p", 0)
	m, err := s.CreateMailbox(t.Context(), acc, "Gesendet", `\SENT`)
	check(t, err)
	if m.SpecialUse != `\Sent` {
		t.Errorf("%+v", m)
	}
	_, err = s.CreateMailbox(t.Context(), acc, "Other", `\Sent`)
	wantErr(t, err, ErrSpecialUse)
	_, err = s.CreateMailbox(t.Context(), acc, "Other", `\All`)
	wantErr(t, err, ErrSpecialUse)
	check(t, s.RenameMailbox(t.Context(), acc, "Gesendet", "Sent"))
	m, err = s.Mailbox(t.Context(), acc, "Sent")
	check(t, err)
	if m.SpecialUse != `\Sent` {
		t.Errorf("%+v", m)
	}
	check(t, s.DeleteMailbox(t.Context(), acc, "Sent"))
	_, err = s.CreateMailbox(t.Context(), acc, "Other", `\Sent`)
	check(t, err)
}
