package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/junk"
	"buzon/internal/uidset"
)

// fillWith puts n messages of a kind into a mailbox, a day old.
func fillWith(t testing.TB, s *Store, box MailboxID, kind string, n int) {
	t.Helper()
	for i := range n {
		putSeen(t, s, box, mail(fmt.Sprint(kind, i), strings.ReplaceAll("# is the #word of #day: some #money for #people who take #part in #winning #now.", "#", kind)))
	}
	check(t, s.write(t.Context(), func(tx *tx) error {
		return run(tx.Conn, `UPDATE msg SET savedate = savedate - 100000 WHERE mailbox = ?`, int64(box))
	}))
}

// Good mail that was read and kept is learned along with junk, two for one; from 20 a side there are verdicts.
func TestJunkVerdicts(t *testing.T) {
	s, ctx := openMail(t), t.Context()
	p := junkPerson(t, s, "ana")
	fillWith(t, s, p.inbox, "garden", 70)
	fillWith(t, s, p.work, "lottery", 25)
	judge := func(body BodyID) junk.Verdict {
		t.Helper()
		f, err := s.junkFeatures(ctx, body)
		check(t, err)
		v, err := s.JudgeJunk(ctx, p.acc, f)
		check(t, err)
		return v
	}
	junkMail, goodMail := bodyOf(t, s, p.work, 21), bodyOf(t, s, p.inbox, 70)
	_, err := s.Move(ctx, p.work, span(1, 19), p.junk)
	check(t, err)
	if got := learned(t, s, p.acc); got != (junk.Counts{Spam: 19, Ham: 38}) {
		t.Errorf("learned %+v", got)
	}
	if v := judge(junkMail); v.Known {
		t.Errorf("a verdict from 19 messages: %+v", v)
	}
	_, err = s.Move(ctx, p.work, span(20, 20), p.junk)
	check(t, err)
	if got := learned(t, s, p.acc); got != (junk.Counts{Spam: 20, Ham: 40}) {
		t.Errorf("learned %+v", got)
	}
	if v := judge(junkMail); !v.Junk {
		t.Errorf("junk: %+v", v)
	}
	if v := judge(goodMail); v.Junk || !v.Known {
		t.Errorf("good: %+v", v)
	}
	v, clues, err := s.ExplainJunk(ctx, p.work, 21, 10)
	check(t, err)
	if !v.Junk || len(clues) == 0 || clues[0].Says <= 0 || clues[0].Spam != 20 {
		t.Errorf("explained: %+v %+v", v, clues)
	}
	// One account's junk is not another's.
	other := junkPerson(t, s, "bob")
	if v, err := s.JudgeJunk(ctx, other.acc, nil); err != nil || v.Known {
		t.Errorf("bob's verdict: %+v %v", v, err)
	}
}

func TestJunkStartSet(t *testing.T) {
	s, ctx := openMail(t), t.Context()
	p := junkPerson(t, s, "ana")
	fillWith(t, s, p.inbox, "garden", 30)
	fillWith(t, s, p.archive, "flower", 30)
	for range 40 { // by the filter, or before there was one
		check(t, s.Accept(ctx, Incoming{Body: section(mail("x", "lottery")), Deliver: []Delivery{{Account: p.acc, Mailbox: "Junk"}}}))
	}
	// Stopped and begun again it goes on, and nothing counts twice.
	stopped, stop := context.WithCancel(ctx)
	wantErr(t, s.LearnJunk(stopped, p.acc, func(done, all int) {
		if all != 100 {
			t.Errorf("%d messages", all)
		}
		stop()
	}), context.Canceled)
	check(t, s.LearnJunk(ctx, p.acc, nil))
	check(t, s.LearnJunk(ctx, p.acc, func(int, int) { t.Error("there was more to do") }))
	if got := learned(t, s, p.acc); got != (junk.Counts{Spam: 40, Ham: 60}) {
		t.Errorf("learned %+v", got)
	}
}

// What is remembered of a message goes when the message is gone; an account's filter goes with it.
func TestJunkIsForgotten(t *testing.T) {
	s, ctx := openMail(t), t.Context()
	p := junkPerson(t, s, "ana")
	fillWith(t, s, p.inbox, "lottery", 3)
	done, err := s.Move(ctx, p.inbox, span(1, 3), p.junk)
	check(t, err)
	learned(t, s, p.acc)
	check(t, s.mergeJunk(ctx, p.acc))
	_, err = s.Expunge(ctx, p.junk, uidset.Of(uidset.Range{Lo: done.To.Min(), Hi: done.To.Min() + 1}), true)
	check(t, err)
	check(t, s.sweep(ctx))
	check(t, s.forgetJunk(ctx))
	if n := countRows(t, s, "junk_learned"); n != 1 {
		t.Errorf("%d messages are remembered", n)
	}
	check(t, s.write(ctx, func(tx *tx) error {
		_, err := removeAccount(tx, p.acc, "ana@example.test")
		return err
	}))
	for _, table := range []string{"junk_model", "junk_shard", "junk_record", "junk_pending", "junk_learned"} {
		if n := countRows(t, s, table); n != 0 {
			t.Errorf("%s has %d rows of an account that is gone", table, n)
		}
	}
}

func countRows(t testing.TB, s *Store, table string) (n int64) {
	t.Helper()
	check(t, s.read(t.Context(), func(c *sqlite.Conn) (err error) {
		n, err = number(c, `SELECT count(*) FROM `+table)
		return err
	}))
	return n
}

// Nobody calls the trainer: it wakes by itself, also for what another process moved or a crash left.
func TestTrainerRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mail.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	p := junkPerson(t, s, "ana")
	putSeen(t, s, p.inbox, mail("one", "winner"))
	putSeen(t, s, p.inbox, mail("two", "lottery"))
	_, err = s.Move(t.Context(), p.inbox, set(1), p.junk)
	check(t, err)
	waitLearned(t, s, p.acc, 1)
	_, err = s.Move(t.Context(), p.inbox, set(2), p.junk)
	check(t, err)
	check(t, s.Close()) // before the trainer came to it
	s, err = Open(t.Context(), path, Options{})
	check(t, err)
	waitLearned(t, s, p.acc, 2)
	check(t, s.Close())
}

func waitLearned(t *testing.T, s *Store, acc AccountID, spam int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		status, err := s.JunkStatus(t.Context(), acc)
		check(t, err)
		if status.Spam == spam && status.Pending == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never learned: %+v", status)
		}
	}
}

// Cards wear: learning one message writes a few pages, not the table, and what is known already writes nothing.
func TestLearningWritesLittle(t *testing.T) {
	s, ctx := openMail(t), t.Context()
	p := junkPerson(t, s, "ana")
	fullFilter(t, s, p.acc)
	var text strings.Builder
	for i := range 300 {
		fmt.Fprintf(&text, "word%d ", i)
	}
	uid := putSeen(t, s, p.work, mail("one", text.String()))
	lessons := []lesson{{body: bodyOf(t, s, p.work, uid), spam: true}}
	pages := func() int64 {
		t.Helper()
		emptyLog(t, s)
		check(t, s.learn(ctx, p.acc, lessons))
		info, err := os.Stat(s.path + "-wal")
		check(t, err)
		return info.Size() / (pageSize + 24) // sqlite.org/fileformat2.html §4.1
	}
	if n := pages(); n < 1 || n > 12 {
		t.Errorf("learning a message wrote %d pages", n)
	}
	if n := pages(); n != 0 {
		t.Errorf("learning it again wrote %d pages", n)
	}
}

// emptyLog copies the log into the file and makes it empty.
func emptyLog(t *testing.T, s *Store) {
	t.Helper()
	c, err := openConn(s.path, writerCache)
	check(t, err)
	defer c.Close()
	busy, err := number(c, "PRAGMA wal_checkpoint(TRUNCATE)")
	check(t, err)
	if busy != 0 {
		t.Fatal("the log is busy")
	}
}
