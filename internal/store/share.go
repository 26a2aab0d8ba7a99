package store

import (
	"fmt"

	"zombiezen.com/go/sqlite"
)

// Who refers to a body: messages, jobs, and bodies that have it as source. Only
// what has more than one of them, or a source, has a row in share: removing
// 10,000 ordinary messages looks up no body.

// dropBody takes one reference from body; the last puts it on the dead list,
// and then its source loses one as well.
func dropBody(tx *tx, body BodyID) error {
	for body != 0 {
		var refs int64
		shared, err := one(tx.Conn, `UPDATE share SET refs = refs - 1 WHERE body = ? RETURNING refs`,
			func(st *sqlite.Stmt) { refs = st.ColumnInt64(0) }, int64(body))
		if err != nil {
			return fmt.Errorf("drop body %d: %w", body, err)
		}
		if refs > 0 {
			return nil
		}
		if body, err = buryBody(tx, body, shared); err != nil {
			return fmt.Errorf("drop body: %w", err)
		}
	}
	return nil
}

// buryBody puts a body to which nothing refers on the dead list. It returns its
// source, which only a body with a row in share can have.
func buryBody(tx *tx, body BodyID, shared bool) (source BodyID, err error) {
	tx.litter()
	if err := run(tx.Conn, `INSERT INTO dead(body) VALUES(?)`, int64(body)); err != nil || !shared {
		return 0, err
	}
	if err := run(tx.Conn, `DELETE FROM share WHERE body = ?`, int64(body)); err != nil {
		return 0, err
	}
	_, err = one(tx.Conn, `SELECT source FROM body WHERE id = ?`,
		func(st *sqlite.Stmt) { source = BodyID(st.ColumnInt64(0)) }, int64(body))
	return source, err
}

// chunkID is the row of a body's n-th chunk.
func chunkID(body BodyID, n int64) int64 { return int64(body)<<20 | n }

// chunkRange is the first and last row that a body's chunks can have.
func chunkRange(body BodyID) (lo, hi int64) { return chunkID(body, 0), chunkID(body, 1<<20-1) }
