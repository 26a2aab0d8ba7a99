package store

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"buzon/internal/config"
)

func openLimited(t testing.TB, limits config.Limits) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "mail.db"), Options{Limits: limits})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

func TestAnnotations(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	ctx := t.Context()
	value := func(box MailboxID, entry string) string {
		t.Helper()
		v, err := s.Annotation(ctx, acc, box, entry)
		check(t, err)
		if v == nil {
			return "NIL"
		}
		return string(v)
	}
	check(t, s.Annotate(ctx, acc, box, []Annotation{{Entry: "/private/a", Value: []byte("x\x00y")}, {Entry: "/private/b", Value: []byte{}}}))
	check(t, s.Annotate(ctx, acc, 0, []Annotation{{Entry: "/private/a", Value: []byte("mine")}}))
	if got := value(box, "/private/a") + "," + value(box, "/private/b") + "," + value(box, "/private/c") + "," + value(0, "/private/a"); got != "x\x00y,,NIL,mine" {
		t.Errorf("%q", got)
	}
	list, err := s.Annotations(ctx, acc, box)
	check(t, err)
	if got := fmt.Sprint(list); got != "[{/private/a [] 3} {/private/b [] 0}]" {
		t.Error(got)
	}
	check(t, s.Annotate(ctx, acc, box, []Annotation{{Entry: "/private/a", Value: []byte("new")}, {Entry: "/private/b"}}))
	if got := value(box, "/private/a") + value(box, "/private/b"); got != "newNIL" {
		t.Error(got)
	}
	// They follow a renamed mailbox, and go with a removed one, also with one that is kept for its children.
	_, err = s.CreateMailbox(ctx, acc, "Box/Child", "")
	check(t, err)
	m, err := s.Mailbox(ctx, acc, "Box")
	check(t, err)
	check(t, s.Annotate(ctx, acc, m.ID, []Annotation{{Entry: "/shared/a", Value: []byte("1")}}))
	check(t, s.RenameMailbox(ctx, acc, "Box", "Kiste"))
	if got := value(m.ID, "/shared/a"); got != "1" {
		t.Error(got)
	}
	check(t, s.DeleteMailbox(ctx, acc, "Kiste"))
	wantErr(t, s.Annotate(ctx, acc, m.ID, []Annotation{{Entry: "/shared/a", Value: []byte("1")}}), ErrNoMailbox)
	if n := count(t, s, `SELECT count(*) FROM metadata`); n != 2 {
		t.Errorf("%d annotations", n)
	}
	check(t, s.write(ctx, func(tx *tx) error {
		_, err := removeAccount(tx, acc, "p")
		return err
	}))
	if n := count(t, s, `SELECT count(*) FROM metadata`); n != 0 {
		t.Errorf("%d annotations of nobody", n)
	}
}

func TestAnnotationsFull(t *testing.T) {
	limits := config.DefaultLimits()
	limits.Metadata, limits.AllMetadata = 3, 4
	s := openLimited(t, limits)
	acc, box := person(t, s, "p", 0)
	four := []Annotation{{Entry: "/private/1", Value: []byte("1")}, {Entry: "/private/2", Value: []byte("1")},
		{Entry: "/private/3", Value: []byte("1")}, {Entry: "/private/4", Value: bytes.Repeat([]byte("1"), 1<<16)}}
	wantErr(t, s.Annotate(t.Context(), acc, box, four), ErrMetadataFull)
	if list, err := s.Annotations(t.Context(), acc, box); err != nil || len(list) != 0 {
		t.Error(list, err) // all or none
	}
	check(t, s.Annotate(t.Context(), acc, box, four[:3]))
	check(t, s.Annotate(t.Context(), acc, 0, four[3:]))
	wantErr(t, s.Annotate(t.Context(), acc, 0, four[:1]), ErrMetadataFull)
	check(t, s.Annotate(t.Context(), acc, box, four[:1])) // one that is there already
}

func TestQuotaCounts(t *testing.T) {
	limits := config.DefaultLimits()
	limits.Messages, limits.Mailboxes = 4, 8
	s := openLimited(t, limits)
	acc, box := person(t, s, "p", 0)
	used := func() Quota {
		t.Helper()
		q, err := s.Quota(t.Context(), acc)
		check(t, err)
		return q
	}
	before := used()
	put(t, s, box, 3, `\Deleted`)
	q := used()
	if q.UsedMessages != 3 || q.Messages != 4 || q.Mailboxes != 8 || q.UsedMailboxes != before.UsedMailboxes || q.UsedOctets == 0 {
		t.Errorf("%+v", q)
	}
	if size, err := s.DeletedSize(t.Context(), box); err != nil || size != q.UsedOctets {
		t.Error(size, err)
	}
	// Two more are one too many, whichever way they come; moving is none more.
	_, err := s.Append(t.Context(), box, []Draft{{Body: section(mail("a", "b"))}, {Body: section(mail("a", "b"))}})
	wantErr(t, err, ErrOverQuota)
	_, err = s.Copy(t.Context(), box, span(1, 2), box)
	wantErr(t, err, ErrOverQuota)
	other, err := s.CreateMailbox(t.Context(), acc, "Other", "")
	check(t, err)
	_, err = s.Move(t.Context(), box, span(1, 3), other.ID)
	check(t, err)
	put(t, s, box, 1)
	wantErr(t, s.Accept(t.Context(), Incoming{Body: section("x"), Deliver: []Delivery{{Account: acc}}}), ErrOverQuota)
	for i := int64(0); ; i++ {
		if _, err = s.CreateMailbox(t.Context(), acc, fmt.Sprint("M", i), ""); err != nil {
			break
		}
	}
	wantErr(t, err, ErrOverQuota)
	if q = used(); q.UsedMailboxes != 8 || q.UsedMessages != 4 {
		t.Errorf("%+v", q)
	}
}

func TestReplace(t *testing.T) {
	s := openMail(t)
	size := int64(len(mail("m0", "x")))
	acc, box := person(t, s, "p", 2*size)
	put(t, s, box, 2)
	// What goes makes room for what comes.
	uid, err := s.Replace(t.Context(), box, 1, box, Draft{Body: section(mail("new", "text")[:size]), Flags: []string{`\Draft`}})
	check(t, err)
	got := list(t, s, box, WithMeta)
	if uid != 3 || len(got) != 2 || got[0].UID != 2 || got[1].UID != 3 || got[1].Flags != Draft_ {
		t.Errorf("%d %+v", uid, got)
	}
	ch, err := s.Changes(t.Context(), box, 1)
	check(t, err)
	if !sameSet(ch.Vanished, set(1)) {
		t.Error(ch.Vanished)
	}
	// Nothing happens when the message is gone, or the new one does not fit.
	_, err = s.Replace(t.Context(), box, 1, box, Draft{Body: section("x")})
	wantErr(t, err, ErrNoMessage)
	_, err = s.Replace(t.Context(), box, 2, box, Draft{Body: section(mail("new", string(make([]byte, 300<<10))))})
	wantErr(t, err, ErrOverQuota)
	drafts, err := s.Mailbox(t.Context(), acc, "Drafts")
	if err != nil {
		drafts, err = s.CreateMailbox(t.Context(), acc, "Drafts", "")
		check(t, err)
	}
	if uid, err = s.Replace(t.Context(), box, 2, drafts.ID, Draft{Body: section("x")}); err != nil || uid != 1 {
		t.Error(uid, err)
	}
	sound(t, s)
}
