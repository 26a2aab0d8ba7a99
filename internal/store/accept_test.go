package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
)

func TestAcceptShares(t *testing.T) {
	s := openMail(t)
	var deliver []Delivery
	for i, prefix := range []string{"", "Delivered-To: one\r\n", "Delivered-To: one\r\n", "Delivered-To: three\r\n"} {
		acc, _ := person(t, s, fmt.Sprint("p", i), 0)
		deliver = append(deliver, Delivery{Account: acc, Prefix: []byte(prefix)}, Delivery{Account: acc}) // named twice: one copy
	}
	text := mail("hello", "text")
	from, to := message.Address{Local: "a", Domain: "b.test"}, message.Address{Local: "x", Domain: "far.test"}
	check(t, s.Accept(t.Context(), Incoming{From: from, Body: section(text), Prefix: []byte("Received: x\r\n"),
		Deliver: deliver, Send: []Outgoing{{From: from, To: []Recipient{{Address: to}, {Address: to}}}}}))

	for query, want := range map[string]int64{
		`SELECT count(*) FROM chunk`: 1, `SELECT count(*) FROM body`: 3, `SELECT count(*) FROM msg`: 4,
		`SELECT count(*) FROM body WHERE source = (SELECT min(id) FROM body)`: 2,
		`SELECT max(refs) FROM share`:                                         4, // one message, one job, two bodies
	} {
		if got := count(t, s, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	sound(t, s)
	for i, d := range deliver {
		if i%2 == 1 {
			continue
		}
		box, err := s.Mailbox(t.Context(), d.Account, "inbox")
		check(t, err)
		m := list(t, s, box.ID, WithMeta|WithStructure|WithEnvelope)[0]
		checkParsed(t, m, string(d.Prefix)+"Received: x\r\n", text)
		if got := bodyText(t, s, m.Body); got != string(d.Prefix)+"Received: x\r\n"+text || int64(len(got)) != m.Size {
			t.Errorf("copy %d is %q", i, got)
		}
	}
	queued := queueOf(t, s)
	if len(queued) != 1 || queued[0].From != from || len(queued[0].Jobs) != 1 || queued[0].Jobs[0].To != to ||
		bodyText(t, s, queued[0].Body) != "Received: x\r\n"+text {
		t.Errorf("queued %+v", queued)
	}
}

func checkParsed(t *testing.T, m Message, prefix, text string) {
	t.Helper()
	root, err := message.DecodePart(m.Structure)
	check(t, err)
	header := int64(len(prefix) + strings.Index(text, "\r\n\r\n") + 4)
	if root.Header != 0 || root.Body != header || root.End != int64(len(prefix+text)) {
		t.Errorf("offsets %d %d %d with a prefix of %d", root.Header, root.Body, root.End, len(prefix))
	}
	env, err := message.DecodeEnvelope(m.Envelope)
	check(t, err)
	if env.Subject != "hello" {
		t.Errorf("subject %q", env.Subject)
	}
}

// The structure of a variant is that of the text with its prefix.
func TestVariantOffsets(t *testing.T) {
	text := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" +
		"Subject: in\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\ntwo\r\n--c--\r\n--b--\r\n"
	prefix := "Delivered-To: someone\r\n"
	plain, err := message.Parse(strings.NewReader(text), int64(len(text)))
	check(t, err)
	whole, err := message.Parse(strings.NewReader(prefix+text), int64(len(prefix+text)))
	check(t, err)
	c := &content{structure: plain}
	before := string(plain.Root.AppendBinary(nil))
	if got := c.variant([]byte(prefix)).structure; string(got) != string(whole.Root.AppendBinary(nil)) {
		t.Error("the shifted structure is not that of the whole")
	}
	if string(plain.Root.AppendBinary(nil)) != before {
		t.Error("the structure was not shifted back")
	}
}

func TestAcceptIsAllOrNothing(t *testing.T) {
	text := mail("big", strings.Repeat("x", 2000))
	large := mail("large", strings.Repeat("x", 300<<10)) // staged
	for _, tc := range []struct {
		name   string
		text   string
		second func(t *testing.T, s *Store) Delivery
		err    error
	}{
		{"over quota", text, func(t *testing.T, s *Store) Delivery {
			acc, _ := person(t, s, "full", 1000)
			return Delivery{Account: acc}
		}, ErrOverQuota},
		{"over quota and large", large, func(t *testing.T, s *Store) Delivery {
			acc, _ := person(t, s, "full", 1000)
			return Delivery{Account: acc}
		}, ErrOverQuota},
		{"over quota by the prefix alone, large", large, func(t *testing.T, s *Store) Delivery {
			acc, _ := person(t, s, "full", int64(len(large)))
			return Delivery{Account: acc, Prefix: []byte("Delivered-To: full\r\n")}
		}, ErrOverQuota},
		{"no account", text, func(*testing.T, *Store) Delivery { return Delivery{Account: 77} }, ErrNoAccount},
		{"bad flag", text, func(t *testing.T, s *Store) Delivery {
			acc, _ := person(t, s, "flag", 0)
			return Delivery{Account: acc, Flags: []string{`\Recent`}}
		}, ErrBadName},
		{"bad mailbox", text, func(t *testing.T, s *Store) Delivery {
			acc, _ := person(t, s, "name", 0)
			return Delivery{Account: acc, Mailbox: "a//b"}
		}, ErrBadName},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := openMail(t)
			acc, box := person(t, s, "first", 0)
			w := s.Watch(box)
			defer w.Stop()
			err := s.Accept(t.Context(), Incoming{Body: section(tc.text), Deliver: []Delivery{{Account: acc}, tc.second(t, s)},
				Send: []Outgoing{{To: []Recipient{{Address: message.Address{Local: "x", Domain: "y.test"}}}}}})
			wantErr(t, err, tc.err)
			for _, table := range []string{"msg", "body", "chunk", "envelope", "job", "destination", "history", "share", "mid", "staging", "dead"} {
				if n := count(t, s, "SELECT count(*) FROM "+table); n != 0 {
					t.Errorf("%d rows in %s", n, table)
				}
			}
			select {
			case <-w.C:
				t.Error("the bell rang")
			default:
			}
		})
	}
	s := openMail(t)
	wantErr(t, s.Accept(t.Context(), Incoming{Body: section(text)}), errNobody)
}

// A quota is for all mailboxes of the account, and what fits exactly is in.
func TestQuota(t *testing.T) {
	s := openMail(t)
	text := mail("q", "x")
	acc, box := person(t, s, "q", int64(3*len(text)))
	accept(t, s, text, Delivery{Account: acc, Mailbox: "Other"})
	accept(t, s, text, Delivery{Account: acc})
	two := []Draft{{Body: section(text)}, {Body: section(text)}}
	_, err := s.Append(t.Context(), box, two)
	wantErr(t, err, ErrOverQuota)
	_, err = s.Copy(t.Context(), box, span(1, 9), box)
	check(t, err)
	_, err = s.Copy(t.Context(), box, span(1, 1), box)
	wantErr(t, err, ErrOverQuota)
	_, err = s.Move(t.Context(), box, span(1, 9), box) // uses no more
	check(t, err)
	wantErr(t, s.Accept(t.Context(), Incoming{Body: section(text), Deliver: []Delivery{{Account: acc}}}), ErrOverQuota)
	sound(t, s)
}

func TestDeliveryMakesMailbox(t *testing.T) {
	s := openMail(t)
	acc, _ := person(t, s, "p", 0)
	w := s.WatchAccount(acc)
	defer w.Stop()
	accept(t, s, mail("x", "x"), Delivery{Account: acc, Mailbox: "Lists/go", Flags: []string{`\Flagged`, "NEW"}})
	<-w.C
	box, err := s.Mailbox(t.Context(), acc, "Lists/go")
	check(t, err)
	names, err := s.Keywords(t.Context(), box.ID)
	check(t, err)
	m := list(t, s, box.ID, 0)[0]
	if !box.Subscribed || box.Total != 1 || box.Unseen != 1 || flagText(m.Flags, names) != `NEW \Flagged` {
		t.Errorf("%+v %+v", box, m)
	}
}

func TestAppend(t *testing.T) {
	s := openMail(t)
	_, box := person(t, s, "p", 0)
	when := time.Unix(1e9, 0)
	large := mail("large", strings.Repeat("0123456789", 60<<10))
	uids, err := s.Append(t.Context(), box, []Draft{
		{Body: section("")},
		{Body: section(large), Received: when, Flags: []string{`\seen`, `\Deleted`}},
		{Body: section("no header, no line end")},
	})
	check(t, err)
	msgs := list(t, s, box, WithMeta)
	if fmt.Sprint(uids) != "[1 2 3]" || msgs[1].Flags != Seen|Deleted || !msgs[1].Received.Equal(when) || msgs[0].Received.IsZero() {
		t.Errorf("%v %+v", uids, msgs)
	}
	for i, want := range []string{"", large, "no header, no line end"} {
		if bodyText(t, s, msgs[i].Body) != want {
			t.Errorf("message %d differs", i)
		}
	}
	m, err := s.MailboxByID(t.Context(), box)
	check(t, err)
	if m.ModSeq != 2 || m.Total != 3 || m.Unseen != 2 || m.Deleted != 1 {
		t.Errorf("%+v", m)
	}
	// All or none (RFC 3502).
	_, err = s.Append(t.Context(), box, []Draft{{Body: section("x")}, {Body: io.NewSectionReader(brokenReader{}, 0, 400<<10)}})
	wantErr(t, err, errBroken)
	_, err = s.Append(t.Context(), box, []Draft{{Body: section("x")}, {Body: section("y"), Flags: []string{"a b"}}})
	wantErr(t, err, ErrBadName)
	_, err = s.Append(t.Context(), 99, []Draft{{Body: section(large)}})
	wantErr(t, err, ErrNoMailbox)
	if n := count(t, s, `SELECT (SELECT count(*) FROM body) + (SELECT count(*) FROM staging)`); n != 3 {
		t.Errorf("%d bodies and stagings", n)
	}
	sound(t, s)
}

var errBroken = errors.New("broken")

// brokenReader can be parsed once, but its second chunk cannot be read again.
type brokenReader struct{}

func (brokenReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= chunkSize && len(p) >= chunkSize {
		return 0, errBroken
	}
	clear(p)
	return len(p), nil
}

// A context that ends while a message is staged leaves nothing behind.
func TestStagingCancelled(t *testing.T) {
	s := openMail(t)
	acc, _ := person(t, s, "p", 0)
	ctx, cancel := context.WithCancel(t.Context())
	r := cancelReader{cancel}
	err := s.Accept(ctx, Incoming{Body: io.NewSectionReader(r, 0, 1<<20), Deliver: []Delivery{{Account: acc}}})
	wantErr(t, err, context.Canceled)
	for _, table := range []string{"msg", "body", "chunk", "staging", "dead"} {
		if n := count(t, s, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

type cancelReader struct{ cancel func() }

func (r cancelReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= 3*chunkSize && len(p) >= chunkSize {
		r.cancel()
	}
	clear(p)
	return len(p), nil
}

func TestThreads(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	other, otherBox := person(t, s, "o", 0)
	threaded := func(id, refs string) string {
		return fmt.Sprintf("Message-ID: <%s@x>\r\nReferences: %s\r\n\r\n", id, refs)
	}
	both := []Delivery{{Account: acc}, {Account: other}}
	accept(t, s, threaded("b", "<a@x>"), both...)              // an answer that comes first
	accept(t, s, threaded("a", ""), both[0])                   // what it answered
	accept(t, s, threaded("c", "<a@x> <zz@x> <b@x>"), both...) // both
	accept(t, s, threaded("d", ""), both[0])
	accept(t, s, "Subject: none\r\n\r\n", both[0])
	threads := map[ThreadID]int{}
	for _, m := range list(t, s, box, WithMeta) {
		threads[m.Thread]++
	}
	msgs := list(t, s, box, WithMeta)
	if len(threads) != 3 || threads[msgs[0].Thread] != 3 || msgs[0].Thread != ThreadID(msgs[0].Body) {
		t.Errorf("threads %v", threads)
	}
	theirs := list(t, s, otherBox, WithMeta)
	if len(theirs) != 2 || theirs[0].Thread != theirs[1].Thread {
		t.Errorf("threads of the other account %v", theirs)
	}
	long := &message.Structure{MessageID: "me"}
	for i := range 100 {
		long.References = append(long.References, fmt.Sprint(i))
	}
	ids := threadIDs(long)
	if len(ids) != maxThreadIDs || ids[0] != message.HashID("me") || ids[1] != message.HashID("99") || ids[len(ids)-1] != message.HashID("0") {
		t.Errorf("%d ids", len(ids))
	}
}

// What a crash leaves of a staged message is gone after the next Open and Care.
func TestStagingSweep(t *testing.T) {
	path := t.TempDir() + "/mail.db"
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	c := &content{size: 1 << 20}
	check(t, s.stage(t.Context(), c, io.NewSectionReader(zeroReader{}, 0, c.size)))
	check(t, s.Close()) // without the write that makes a message
	s, err = Open(t.Context(), path, Options{})
	check(t, err)
	defer s.Close()
	check(t, s.Care(t.Context()))
	for _, table := range []string{"body", "chunk", "staging", "dead"} {
		if n := count(t, s, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
	// Swept under our hands, the message is refused.
	v := &variant{refs: 1}
	err = s.write(t.Context(), func(tx *tx) error { return c.write(tx, []*variant{v}) })
	wantErr(t, err, errSwept)
}

type zeroReader struct{}

func (zeroReader) ReadAt(p []byte, off int64) (int, error) { clear(p); return len(p), nil }
