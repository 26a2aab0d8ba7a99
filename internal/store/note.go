package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// noteEvery is how often a note that says the same is written again.
const noteEvery = time.Hour

// NoteBackup is the note of the last backup, which says where it is.
const NoteBackup = "backup.last"

// Note keeps a fact under a name, with the time, for the status page. One that
// says what it said less than an hour ago is not written again.
func (s *Store) Note(ctx context.Context, name, text string) error {
	have, at, found, err := s.Noted(ctx, name)
	if err != nil || found && have == text && s.now().Sub(at) < noteEvery {
		return err
	}
	return wrap("note "+name, s.write(ctx, func(tx *tx) error {
		return exec(tx.Conn, `INSERT INTO note(name, text, at) VALUES(?, ?, ?)
			ON CONFLICT(name) DO UPDATE SET text = excluded.text, at = excluded.at`, name, text, tx.now)
	}))
}

// Noted is the fact kept under a name, and when it was last said, to the hour.
func (s *Store) Noted(ctx context.Context, name string) (text string, at time.Time, found bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err = queryRow(c, `SELECT text, at FROM note WHERE name = ?`, func(st *sqlite.Stmt) {
			text, at = st.ColumnText(0), columnTime(st, 1)
		}, name)
		return err
	})
	return text, at, found, wrap("read note "+name, err)
}
