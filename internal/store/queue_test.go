package store

import (
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

func queueOf(t testing.TB, s *Store) (list []Queued) {
	t.Helper()
	check(t, s.Queue(t.Context(), func(q Queued) error {
		list = append(list, q)
		return nil
	}))
	return list
}

func recipients(list ...string) (to []Recipient) {
	for _, a := range list {
		local, domain, _ := strings.Cut(a, "@")
		to = append(to, Recipient{Address: message.Address{Local: local, Domain: domain}})
	}
	return to
}

// send queues a message of ana's for others.
func send(t testing.TB, s *Store, to ...string) {
	t.Helper()
	check(t, s.Accept(t.Context(), Incoming{
		Body: section(mail("sent", "x")), LogID: "log1",
		Send: []Outgoing{{From: message.Address{Local: "ana", Domain: "example.test"}, Account: 1, To: recipients(to...)}},
	}))
}

func free(string) bool { return false }

func everyHour(attempts int) time.Duration { return time.Duration(attempts) * time.Hour }

func claim(t testing.TB, s *Store, now time.Time, max int) Batch {
	t.Helper()
	b, ok, err := s.Claim(t.Context(), now, free, max, everyHour)
	check(t, err)
	if ok != (len(b.Queued) > 0) {
		t.Fatalf("ok is %v with %+v", ok, b)
	}
	return b
}

// locals is who is in a batch: "1:a,b 2:c".
func locals(list []Queued) string {
	var out []string
	for _, q := range list {
		var names []string
		for _, j := range q.Jobs {
			names = append(names, j.To.Local)
		}
		out = append(out, fmt.Sprintf("%d:%s", q.ID, strings.Join(names, ",")))
	}
	return strings.Join(out, " ")
}

func handledOf(t testing.TB, s *Store) []Handled {
	t.Helper()
	list, err := s.History(t.Context(), HistoryQuery{})
	check(t, err)
	return list
}

// What goes in comes out, for one recipient in each of two envelopes that share a body.
func TestQueueKeeps(t *testing.T) {
	s, c := openAt(t)
	acc, box := person(t, s, "ana", 0)
	to := Recipient{Address: message.Address{Local: "c d", Domain: "mañana.test"}, Notify: NotifySuccess | NotifyDelay, Original: "rfc822;ç@x"}
	own := Outgoing{
		From: message.Address{Local: "ana", Domain: "example.test"}, Account: acc, Prefix: []byte("DKIM-Signature: x\r\n"), EnvID: "e+1", Return: "HDRS",
		RequireTLS: true, UTF8: true, BodyType: "8BITMIME", To: []Recipient{to, to},
	}
	forwarded := Outgoing{To: recipients("x@[192.0.2.1]")}
	text := mail("hello", strings.Repeat("text ", 100<<10))
	check(t, s.Accept(t.Context(), Incoming{Body: section(text), Prefix: []byte("Received: x\r\n"), LogID: "id1",
		Deliver: []Delivery{{Account: acc}}, Send: []Outgoing{own, forwarded, {}}}))
	list := queueOf(t, s)
	if len(list) != 2 {
		t.Fatalf("queued %+v", list)
	}
	wholes := []string{"DKIM-Signature: x\r\nReceived: x\r\n" + text, "Received: x\r\n" + text}
	job := func(e EnvelopeID, r Recipient) Job {
		return Job{ID: firstJob(e), Envelope: e, To: r.Address, Notify: r.Notify, Original: r.Original, Next: c.now()}
	}
	want := []Queued{
		{Envelope{1, list[0].Body, "id1", acc, own.From, "e+1", "HDRS", true, true, "8BITMIME", int64(len(wholes[0])), c.now()}, []Job{job(1, to)}},
		{Envelope{2, list[1].Body, "id1", 0, message.Address{}, "", "", false, false, "", int64(len(wholes[1])), c.now()}, []Job{job(2, forwarded.To[0])}},
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("queued\n%+v, want\n%+v", list, want)
	}
	for i, q := range list {
		checkQueuedBody(t, s, q.Envelope, wholes[i])
	}
	one, err := s.QueuedEnvelope(t.Context(), 2)
	check(t, err)
	if !reflect.DeepEqual(one, want[1]) {
		t.Errorf("envelope 2 is %+v", one)
	}
	sound(t, s)
	_, err = s.DropJobs(t.Context(), Selection{All: true})
	check(t, err)
	_, _, err = s.QueuedBody(t.Context(), list[0].Envelope)
	wantErr(t, err, ErrNoMessage)
	_, err = s.QueuedEnvelope(t.Context(), 2)
	wantErr(t, err, ErrNoMessage)
	_, err = s.Expunge(t.Context(), box, span(1, 9), true)
	check(t, err)
	check(t, s.Care(t.Context()))
	sound(t, s)
	if n := count(t, s, `SELECT (SELECT count(*) FROM body) + (SELECT count(*) FROM chunk) + (SELECT count(*) FROM destination)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func checkQueuedBody(t *testing.T, s *Store, e Envelope, want string) {
	t.Helper()
	r, root, err := s.QueuedBody(t.Context(), e)
	check(t, err)
	for range 2 { // its buffers go back at the end, and may be had again
		_, err = r.Seek(0, io.SeekStart)
		check(t, err)
		text, err := io.ReadAll(r)
		check(t, err)
		if string(text) != want || e.Size != int64(len(want)) || root.End != int64(len(want)) || !strings.HasPrefix(want[root.Body:], "text") {
			t.Errorf("a queued message of %d octets, body from %d to %d, size %d", len(text), root.Body, root.End, e.Size)
		}
	}
}

func TestNotQueued(t *testing.T) {
	s, _ := openAt(t)
	for _, o := range [][]Outgoing{{{To: recipients("postmaster")}}, {{}}, nil} {
		if err := s.Accept(t.Context(), Incoming{Body: section("x"), Send: o}); err == nil {
			t.Errorf("%+v was queued", o)
		}
	}
	if n := count(t, s, `SELECT (SELECT count(*) FROM body) + (SELECT count(*) FROM envelope) + (SELECT count(*) FROM job)`); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// One queue before this version: what is in it goes on.
func TestQueueMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.db")
	alter(t, path, "PRAGMA journal_mode=WAL")
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	check(t, err)
	for n := range int64(4) {
		check(t, step(t.Context(), c, n+1))
	}
	check(t, c.Close())
	alter(t, path, "INSERT INTO body(id, size, csize, codec, prefix, env, structure) VALUES(5, 0, 0, 1, x'0d0a', x'', x'')", "INSERT INTO share VALUES(5, 3)")
	addresses := []message.Address{{Local: "a", Domain: "x.test"}, {Local: `c"\ d@`, Domain: "[192.0.2.1]"}, {Local: "ñ", Domain: "x.test"}, {}}
	for i := range 3 {
		alter(t, path, fmt.Sprintf("INSERT INTO queue(id, body, sender, recipient, attempts, queued, next) VALUES(%d, 5, '%s', '%s', %d, 1000, %d)",
			i+7, addresses[3-i], addresses[i], i, 2000-i))
	}
	s := openStore(t, path)
	sound(t, s)
	for i, q := range queueOf(t, s) {
		j := q.Jobs[0]
		if q.ID != EnvelopeID(i+7) || q.From != addresses[3-i] || q.Size != 2 || q.Queued.Unix() != 1000 || len(q.Jobs) != 1 ||
			j.To != addresses[i] || j.Attempts != i || j.Next.Unix() != int64(2000-i) {
			t.Errorf("migrated %+v", q)
		}
	}
	b := claim(t, s, time.Unix(3000, 0), 9)
	if b.Domain != "x.test" || locals(b.Queued) != "9:ñ 7:a" {
		t.Errorf("claimed %+v", b)
	}
	_, err = s.DropJobs(t.Context(), Selection{All: true})
	check(t, err)
	if n := count(t, s, "SELECT count(*) FROM dead"); n != 1 {
		t.Errorf("%d dead bodies", n)
	}
	sound(t, s)
}

func TestJobNames(t *testing.T) {
	for id, want := range map[JobID]string{firstJob(17): "17.1", firstJob(1<<40) + 199: "1099511627776.200", lastJob(3): "3.1048576"} {
		got, err := ParseJobID(id.String())
		check(t, err)
		if id.String() != want || got != id {
			t.Errorf("%d is %s and back %d, want %s", int64(id), id, got, want)
		}
	}
	for _, bad := range []string{"", "17", "17.", "17.0", ".1", "a.1", "-1.1", "1.1048577", "99999999999999999.1", "1.2.3"} {
		if id, err := ParseJobID(bad); err == nil {
			t.Errorf("%q is job %d", bad, id)
		}
	}
}

// What only waits to be sent is in no mailbox, so nobody searches it.
func TestQueuedIsNotIndexed(t *testing.T) {
	s, _ := openAt(t)
	send(t, s, "a@x.test")
	check(t, s.UpdateIndex(t.Context()))
	status, err := s.IndexStatus(t.Context())
	check(t, err)
	if status.Indexed != 0 || status.Skipped != 0 || status.Waiting != 0 {
		t.Errorf("%+v", status)
	}
}
