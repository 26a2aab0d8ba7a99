package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

func openMail(t testing.TB) *Store {
	t.Helper()
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "mail.db"), Options{})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

// person makes an account without the cost of a password, with an INBOX alone.
func person(t testing.TB, s *Store, name string, quota int64) (AccountID, MailboxID) {
	t.Helper()
	var acc AccountID
	var box MailboxID
	check(t, s.write(t.Context(), func(tx *tx) error {
		if err := exec(tx.Conn, `INSERT INTO domain(name, created) VALUES('example.test', 0) ON CONFLICT DO NOTHING`); err != nil {
			return err
		}
		err := exec(tx.Conn, `INSERT INTO account(key, local, domain, hash, salt, iterations, stored, server, quota, created)
			VALUES(?1, ?1, 'example.test', '', x'', 0, x'', x'', ?2, 0)`, name, quota)
		if err != nil {
			return err
		}
		acc = AccountID(tx.LastInsertRowID())
		box, err = createMailbox(tx, acc, inbox, "")
		return err
	}))
	return acc, box
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func section(text string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(text), 0, int64(len(text)))
}

func mail(subject, body string) string {
	return fmt.Sprintf("From: ana@example.test\r\nSubject: %s\r\nMessage-ID: <%s@example.test>\r\n\r\n%s\r\n", subject, subject, body)
}

func set(uids ...uint32) uidset.Set {
	var ranges []uidset.Range
	for _, u := range uids {
		ranges = append(ranges, uidset.Range{Lo: u, Hi: u})
	}
	return uidset.Of(ranges...)
}

func span(lo, hi uint32) uidset.Set { return uidset.Of(uidset.Range{Lo: lo, Hi: hi}) }

func sameSet(a, b uidset.Set) bool { return slices.Equal(a.Ranges(), b.Ranges()) }

func accept(t testing.TB, s *Store, text string, deliver ...Delivery) {
	t.Helper()
	check(t, s.Accept(t.Context(), Incoming{Body: section(text), Deliver: deliver}))
}

// put appends n small messages and returns the UIDs.
func put(t testing.TB, s *Store, box MailboxID, n int, flags ...string) []uint32 {
	t.Helper()
	var drafts []Draft
	for i := range n {
		drafts = append(drafts, Draft{Body: section(mail(fmt.Sprintf("m%d", i), "x")), Flags: flags})
	}
	uids, err := s.Append(t.Context(), box, drafts)
	check(t, err)
	return uids
}

func list(t testing.TB, s *Store, box MailboxID, f Fields) []Message {
	t.Helper()
	list, err := s.Page(t.Context(), box, span(1, 1<<32-1), 0, 1<<20, f, nil)
	check(t, err)
	return list
}

func bodyText(t testing.TB, s *Store, id BodyID) string {
	t.Helper()
	b, err := s.Body(t.Context(), id)
	check(t, err)
	defer b.Release()
	var out bytes.Buffer
	n, err := b.WriteTo(&out)
	check(t, err)
	if n != b.Size() || n != int64(out.Len()) {
		t.Fatalf("WriteTo says %d, wrote %d, size is %d", n, out.Len(), b.Size())
	}
	return out.String()
}

func count(t testing.TB, s *Store, query string, args ...any) (n int64) {
	t.Helper()
	check(t, s.read(t.Context(), func(c *sqlite.Conn) (err error) {
		n, err = number(c, query, args...)
		return err
	}))
	return n
}

// sound looks for bodies with a wrong count of references, chunks of nobody,
// and counters that do not count. It must hold at any moment.
func sound(t testing.TB, s *Store) {
	t.Helper()
	for what, query := range map[string]string{
		"bodies with a wrong count": `SELECT count(*) FROM (
			SELECT b.id, (SELECT refs FROM share WHERE body = b.id) AS shared, b.source,
				EXISTS (SELECT 1 FROM dead WHERE body = b.id) AS dead, EXISTS (SELECT 1 FROM staging WHERE body = b.id) AS staged,
				(SELECT count(*) FROM refs WHERE refs.body = b.id) AS n
			FROM body b)
			WHERE NOT CASE WHEN n = 0 THEN (dead OR staged) AND shared IS NULL
				WHEN shared IS NULL THEN n = 1 AND source = 0 AND NOT dead
				ELSE shared = n AND NOT dead END`,
		"references to no body": `SELECT count(*) FROM refs WHERE body NOT IN (SELECT id FROM body)`,
		"chunks of no body":     `SELECT count(*) FROM chunk WHERE id >> 20 NOT IN (SELECT id FROM body)`,
		"wrong counters": `SELECT count(*) FROM mailbox b WHERE (total, unseen, deleted, size) <> (SELECT count(*),
			count(*) FILTER (WHERE flags & 1 = 0), count(*) FILTER (WHERE flags & 8), coalesce(sum(size), 0) FROM msg WHERE mailbox = b.id)`,
		"modseqs above the mailbox's": `SELECT count(*) FROM msg JOIN mailbox b ON b.id = msg.mailbox WHERE msg.modseq > b.modseq OR uid >= uidnext`,
		"lost keywords":               `SELECT count(*) FROM keyword WHERE mailbox NOT IN (SELECT id FROM mailbox UNION SELECT mailbox FROM gone)`,
		"envelopes without jobs":      `SELECT count(*) FROM envelope WHERE NOT EXISTS (SELECT 1 FROM job WHERE id >> 20 = envelope.id)`,
		"jobs without envelopes":      `SELECT count(*) FROM job WHERE id >> 20 NOT IN (SELECT id FROM envelope)`,
		"jobs for nowhere":            `SELECT count(*) FROM job WHERE destination NOT IN (SELECT id FROM destination)`,
		"domains due at another time": `SELECT count(*) FROM destination WHERE due IS NOT
			(SELECT max(min(job.next), destination.next) FROM job WHERE destination = destination.id AND job.next IS NOT NULL)`,
		"messages of no mailbox": `SELECT count(*) FROM msg WHERE mailbox NOT IN (SELECT id FROM mailbox UNION SELECT mailbox FROM gone)`,
	} {
		query = `WITH refs AS (SELECT body FROM msg UNION ALL SELECT body FROM envelope
			UNION ALL SELECT source FROM body WHERE source <> 0 AND id NOT IN (SELECT body FROM dead)) ` + query
		if n := count(t, s, query); n != 0 {
			t.Fatalf("%d %s", n, what)
		}
	}
}
