package store

import (
	"testing"

	"zombiezen.com/go/sqlite"

	"buzon/internal/junk"
)

// junkBoxes are those of a person: INBOX, Junk, Trash, Archive and one without a special use.
type junkBoxes struct {
	acc                               AccountID
	inbox, junk, trash, archive, work MailboxID
}

func junkPerson(t testing.TB, s *Store, name string) (b junkBoxes) {
	t.Helper()
	b.acc, b.inbox = person(t, s, name, 0)
	for _, x := range []struct {
		box  *MailboxID
		name string
		use  string
	}{{&b.junk, "Junk", `\Junk`}, {&b.trash, "Trash", `\Trash`}, {&b.archive, "Archive", `\Archive`}, {&b.work, "Work", ""}} {
		check(t, s.write(t.Context(), func(tx *tx) (err error) {
			*x.box, err = createMailbox(tx, b.acc, x.name, x.use)
			return err
		}))
	}
	return b
}

func putSeen(t testing.TB, s *Store, box MailboxID, text string) uint32 {
	t.Helper()
	uids, err := s.Append(t.Context(), box, []Draft{{Body: section(text), Flags: []string{`\Seen`}}})
	check(t, err)
	return uids[0]
}

// learned works off what is pending and tells what was learned then.
func learned(t testing.TB, s *Store, acc AccountID) junk.Counts {
	t.Helper()
	check(t, s.trainJunk(t.Context()))
	status, err := s.JunkStatus(t.Context(), acc)
	check(t, err)
	if status.Pending != 0 {
		t.Errorf("%d lessons are pending still", status.Pending)
	}
	return junk.Counts{Spam: int32(status.Spam), Ham: int32(status.Ham)}
}

// countOf is what the filter knows of one word of the text.
func countOf(t testing.TB, s *Store, acc AccountID, body BodyID, word string) (c junk.Counts) {
	t.Helper()
	check(t, s.withNamed(t.Context(), body, func(n junk.Named) error {
		counts := make([]junk.Counts, len(n.Features))
		err := s.read(t.Context(), func(c *sqlite.Conn) error {
			if err := addShards(c, acc, n.Features, counts); err != nil {
				return err
			}
			return eachRecord(c, acc, func(r junk.Record) { n.AddRecord(counts, r) })
		})
		c = counts[n.Index("body", word)]
		return err
	}))
	return c
}

func bodyOf(t testing.TB, s *Store, box MailboxID, uid uint32) (body BodyID) {
	t.Helper()
	check(t, s.read(t.Context(), func(c *sqlite.Conn) error {
		n, err := number(c, `SELECT body FROM msg WHERE mailbox = ? AND uid = ?`, box, uid)
		body = BodyID(n)
		return err
	}))
	return body
}

func TestJunkLessons(t *testing.T) {
	for _, x := range []struct {
		from, to string
		spam     bool
		taught   bool
	}{
		{"", `\Junk`, true, true},
		{`\Archive`, `\Junk`, true, true},
		{`\Trash`, `\Junk`, true, true},
		{`\Junk`, "", false, true},
		{`\Junk`, `\Archive`, false, true},
		// Who empties Junk has not looked.
		{`\Junk`, `\Trash`, false, false},
		{`\Junk`, `\Junk`, false, false},
		{"", `\Trash`, false, false},
		{"", "", false, false},
	} {
		if spam, taught := lessonOf(x.from, x.to); spam != x.spam || taught != x.taught {
			t.Errorf("from %q to %q: %v %v", x.from, x.to, spam, taught)
		}
	}
}

// A message moved to and fro counts once, as what it was last.
func TestJunkIsLearnedByMoving(t *testing.T) {
	s, ctx := openMail(t), t.Context()
	p := junkPerson(t, s, "ana")
	uid := putSeen(t, s, p.inbox, mail("one", "winner lottery"))
	body := bodyOf(t, s, p.inbox, uid)
	at := p.inbox
	move := func(to MailboxID) {
		t.Helper()
		done, err := s.Move(ctx, at, set(uid), to)
		check(t, err)
		at, uid = to, done.To.Min()
	}
	for i, x := range []struct {
		to   MailboxID
		want junk.Counts
	}{
		{p.junk, junk.Counts{Spam: 1}},
		{p.trash, junk.Counts{Spam: 1}},
		{p.junk, junk.Counts{Spam: 1}},
		{p.work, junk.Counts{Ham: 1}},
		{p.archive, junk.Counts{Ham: 1}},
		{p.junk, junk.Counts{Spam: 1}},
		{p.inbox, junk.Counts{Ham: 1}},
	} {
		move(x.to)
		if got := learned(t, s, p.acc); got != x.want {
			t.Errorf("move %d: learned %+v, want %+v", i, got, x.want)
		}
		if got := countOf(t, s, p.acc, body, "lottery"); got != x.want {
			t.Errorf("move %d: the word has %+v, want %+v", i, got, x.want)
		}
		if i%2 == 0 {
			check(t, s.mergeJunk(ctx, p.acc))
		}
	}
	// Moved twice before the trainer came: the last one counts.
	move(p.junk)
	move(p.inbox)
	if got := learned(t, s, p.acc); got != (junk.Counts{Ham: 1}) {
		t.Errorf("learned %+v", got)
	}
}

func TestJunkIsLearnedByCopyAppendAndReplace(t *testing.T) {
	s, ctx := openMail(t), t.Context()
	p := junkPerson(t, s, "ana")
	uid := putSeen(t, s, p.inbox, mail("one", "winner"))
	_, err := s.Copy(ctx, p.inbox, set(uid), p.junk)
	check(t, err)
	_, err = s.Expunge(ctx, p.inbox, set(uid), true)
	check(t, err)
	if got := learned(t, s, p.acc); got != (junk.Counts{Spam: 1}) {
		t.Errorf("COPY: learned %+v", got)
	}
	putSeen(t, s, p.junk, mail("two", "lottery"))
	if got := learned(t, s, p.acc); got != (junk.Counts{Spam: 2}) {
		t.Errorf("APPEND: learned %+v", got)
	}
	uid = putSeen(t, s, p.inbox, mail("three", "prize"))
	_, err = s.Replace(ctx, p.inbox, uid, p.junk, Draft{Body: section(mail("three", "prizes"))})
	check(t, err)
	if got := learned(t, s, p.acc); got != (junk.Counts{Spam: 3}) {
		t.Errorf("REPLACE: learned %+v", got)
	}
	// What a verdict of ours puts into Junk teaches nothing.
	check(t, s.Accept(ctx, Incoming{Body: section(mail("four", "cheap")), Deliver: []Delivery{{Account: p.acc, Mailbox: "Junk"}}}))
	// Nor does what is gone before it was looked at.
	uid = putSeen(t, s, p.inbox, mail("five", "pills"))
	moved, err := s.Move(ctx, p.inbox, set(uid), p.junk)
	check(t, err)
	_, err = s.Expunge(ctx, p.junk, moved.To, true)
	check(t, err)
	if got := learned(t, s, p.acc); got != (junk.Counts{Spam: 3}) {
		t.Errorf("a delivery and a message that is gone: learned %+v", got)
	}
}

// What we put in front of a message says what we thought of it, and is not learned.
func TestJunkPrefixIsNotLearned(t *testing.T) {
	s := openMail(t)
	p := junkPerson(t, s, "ana")
	check(t, s.Accept(t.Context(), Incoming{
		Prefix: []byte("X-Verdict: sure\r\nOrganization: prefixed\r\n"), Body: section(mail("one", "winner")), Deliver: []Delivery{{Account: p.acc}},
	}))
	check(t, s.withNamed(t.Context(), bodyOf(t, s, p.inbox, 1), func(n junk.Named) error {
		if n.Index("header", "x-verdict") >= 0 || n.Index("header", "organization prefixed") >= 0 || n.Index("header", "subject") < 0 {
			t.Error("the prefix has features, or the header has none")
		}
		return nil
	}))
}
