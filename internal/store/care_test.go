package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

// swept waits until nothing dead is left.
func swept(t testing.TB, s *Store) {
	t.Helper()
	eventually(t, "the sweeper", func() bool {
		return count(t, s, "SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM dead)") == 0
	})
}

// What was expunged goes without being asked, large bodies in slices, and shared ones stay.
func TestSweeper(t *testing.T) {
	s := newStore(t)
	acc, box := person(t, s, "ana", 0)
	other, err := s.CreateMailbox(t.Context(), acc, "Other", "")
	check(t, err)
	accept(t, s, mail("large", noise(6<<20)), Delivery{Account: acc})
	put(t, s, box, 2*sliceBodies+7)
	_, err = s.Copy(t.Context(), box, set(5), other.ID)
	check(t, err)
	_, err = s.Expunge(t.Context(), box, span(1, 1<<32-1), true)
	check(t, err)
	swept(t, s)
	if n := count(t, s, "SELECT count(*) FROM body"); n != 1 {
		t.Errorf("%d bodies are left, want the one in another mailbox", n)
	}
	sound(t, s)
}

// noise is text that does not shrink.
func noise(n int) string {
	var b strings.Builder
	for x := uint64(1); b.Len() < n; x = x*6364136223846793005 + 1442695040888963407 {
		b.WriteByte("abcdefghijklmnopqrstuvwxyz012345"[x>>59])
		if b.Len()%70 == 0 {
			b.WriteString("\r\n")
		}
	}
	return b.String()
}

// Care gives the room of removed mail back to the file system, but for what the next mail will need.
func TestCareGivesPagesBack(t *testing.T) {
	s := newStore(t)
	acc, box := person(t, s, "ana", 0)
	for range 4 {
		accept(t, s, mail("large", noise(4<<20)), Delivery{Account: acc})
	}
	full := count(t, s, "PRAGMA page_count")
	_, err := s.Expunge(t.Context(), box, span(1, 4), true)
	check(t, err)
	check(t, s.Care(t.Context()))
	left, free := count(t, s, "PRAGMA page_count"), count(t, s, "PRAGMA freelist_count")
	if left > full/2 || free > keepFree+slicePages || free < keepFree/2 {
		t.Errorf("%d pages became %d, %d of them free", full, left, free)
	}
	check(t, s.read(t.Context(), func(c *sqlite.Conn) error {
		if got, err := text(c, "PRAGMA integrity_check"); err != nil || got != "ok" {
			t.Error(got, err)
		}
		return nil
	}))
}

// "pop3.keep-days" removes from INBOX what POP3 fetched and what arrived before that, and nothing else.
func TestExpire(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "buzon.db"), Options{Now: func() time.Time { return now }})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	acc, box := person(t, s, "ana", 0)
	for range 3 {
		accept(t, s, mail("old", "x"), Delivery{Account: acc})
	}
	accept(t, s, mail("old", "x"), Delivery{Account: acc, Mailbox: "Archive"})
	check(t, s.write(t.Context(), func(tx *tx) error {
		return exec(tx.Conn, "UPDATE msg SET flags = flags | ? WHERE uid <> 3", Fetched)
	}))
	now = now.AddDate(0, 0, 8)
	accept(t, s, mail("new", "x"), Delivery{Account: acc})
	check(t, s.Care(t.Context()))
	if n := len(list(t, s, box, 0)); n != 4 {
		t.Fatalf("%d messages, want 4: the setting is off", n)
	}
	check(t, s.Set(t.Context(), "pop3.keep-days", "7"))
	check(t, s.Care(t.Context()))
	if left := list(t, s, box, 0); len(left) != 2 || left[0].UID != 3 || left[1].UID != 4 {
		t.Errorf("left are %+v", left)
	}
	if n := count(t, s, "SELECT count(*) FROM msg"); n != 3 {
		t.Errorf("%d messages in all, want 3: the archive is not touched", n)
	}
}

// Message ids go with the last message of their thread, and not before.
func TestForgetThreads(t *testing.T) {
	s := newStore(t)
	acc, box := person(t, s, "ana", 0)
	reply := func(id, to string) string {
		return "Message-ID: <" + id + ">\r\nReferences: <" + to + ">\r\n\r\nx\r\n"
	}
	accept(t, s, reply("a1@x", "a0@x"), Delivery{Account: acc})
	accept(t, s, reply("a2@x", "a1@x"), Delivery{Account: acc})
	accept(t, s, reply("b1@x", "b0@x"), Delivery{Account: acc})
	_, err := s.Expunge(t.Context(), box, set(1, 3), true)
	check(t, err)
	swept(t, s)
	check(t, s.forgetThreads(t.Context()))
	if n := count(t, s, "SELECT count(*) FROM mid"); n != 3 {
		t.Errorf("%d ids are left, want those of a0, a1 and a2", n)
	}
}

// Care and Backup stop with their context.
func TestCareStops(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, s.Care(ctx), context.Canceled)
	path := filepath.Join(t.TempDir(), "copy.db")
	wantErr(t, s.Backup(ctx, path), context.Canceled)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a broken copy is left: %v", err)
	}
}

// A backup is a file that opens, has everything, and is its owner's alone; nothing is overwritten.
func TestBackup(t *testing.T) {
	s, ana := home(t)
	account, err := s.Account(t.Context(), ana)
	check(t, err)
	accept(t, s, mail("hello", "x"), Delivery{Account: account.ID})
	path := filepath.Join(t.TempDir(), "copy.db")
	check(t, s.Backup(t.Context(), path))
	wantErr(t, s.Backup(t.Context(), path), ErrExists)
	info, err := os.Stat(path)
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
	restored := openStore(t, path)
	_, err = restored.Authenticate(t.Context(), "ana", "tortilla")
	check(t, err)
	if n := count(t, restored, "SELECT count(*) FROM msg"); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	for pragma, want := range map[string]int64{"page_size": pageSize, "auto_vacuum": 2, "application_id": applicationID} {
		if got := count(t, restored, "PRAGMA "+pragma); got != want {
			t.Errorf("%s is %d, want %d", pragma, got, want)
		}
	}
}
