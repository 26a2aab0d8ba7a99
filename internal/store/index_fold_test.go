package store

import (
	"context"
	"path/filepath"
	"testing"
)

// An index whose texts were folded in another way is forgotten when the file is
// opened, and made anew; one of this way stays.
func TestIndexOfAnotherFolding(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mail.db")
	open := func() *Store {
		s, err := Open(context.Background(), path, Options{})
		check(t, err)
		return s
	}
	s := open()
	acc, box := person(t, s, "ana", 0)
	check(t, s.Accept(t.Context(), Incoming{Body: section("Subject: straße\r\n\r\nhello\r\n"), Deliver: []Delivery{{Account: acc}}}))
	check(t, s.UpdateIndex(t.Context()))
	indexed := func() int {
		_, indexed, err := s.Candidates(t.Context(), box, span(1, 9), needles("hello"))
		check(t, err)
		return indexed.Len()
	}
	reopen := func(want int, when string) {
		check(t, s.Close())
		s = open()
		if got := indexed(); got != want {
			t.Errorf("%s: %d messages indexed, want %d", when, got, want)
		}
	}
	reopen(1, "nothing changed")
	check(t, s.Note(t.Context(), foldingNote, "0 of another release"))
	reopen(0, "another folding")
	check(t, s.UpdateIndex(t.Context()))
	reopen(1, "made anew")
	check(t, s.write(t.Context(), func(tx *tx) error { return exec(tx.Conn, `DELETE FROM note WHERE name = ?`, foldingNote) }))
	reopen(0, "nobody knows how")
	check(t, s.Close())
}
