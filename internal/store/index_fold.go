package store

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"buzon/internal/fold"
)

// foldingNote is the note that says how the texts in the search index were folded.
const foldingNote = "search-index.folding"

// renewIndex forgets a search index whose texts were folded in another way: by it
// a search would not look where its text is. The indexer makes it anew in its own
// time, and meanwhile searches scan. Nothing is written where nothing changed.
func renewIndex(c *sqlite.Conn) (err error) {
	have := ""
	_, err = queryRow(c, `SELECT text FROM note WHERE name = ?`, func(st *sqlite.Stmt) { have = st.ColumnText(0) }, foldingNote)
	if err != nil || have == fold.Version() {
		return err
	}
	if err := exec(c, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = exec(c, `DELETE FROM text_segment`)
	if err == nil {
		err = exec(c, `INSERT INTO note(name, text, at) VALUES(?, ?, unixepoch()) ON CONFLICT(name) DO UPDATE SET text = excluded.text, at = excluded.at`,
			foldingNote, fold.Version())
	}
	if err != nil {
		_ = exec(c, "ROLLBACK") // the error that counts is the first
		return fmt.Errorf("renew the search index: %w", err)
	}
	return exec(c, "COMMIT")
}
