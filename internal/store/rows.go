package store

import (
	"fmt"

	"zombiezen.com/go/sqlite"
)

// Integers compared with = stand as ?+0 in statements of more than one table or
// index, and so do those of LIMIT where it counts. SQLite's planner looks whether a bare ? is 0 or 1, and then compiles the
// statement anew at each use: the driver clears the bindings, which makes it
// forget what it looked at. FETCH of a page paid 14 µs for it, a delivery 24.

// run executes a statement that gives no rows.
func run(c *sqlite.Conn, query string, args ...int64) error {
	st, err := prepare(c, query, args)
	if err != nil {
		return err
	}
	_, err = st.Step()
	return err
}

// one gives the first row of a query to f, which must not keep the statement;
// it tells whether there was a row.
func one(c *sqlite.Conn, query string, f func(st *sqlite.Stmt), args ...int64) (bool, error) {
	st, err := prepare(c, query, args)
	if err != nil {
		return false, err
	}
	return first(st, f)
}

// first is one for a statement whose parameters are bound.
func first(st *sqlite.Stmt, f func(st *sqlite.Stmt)) (bool, error) {
	found, err := st.Step()
	if err != nil {
		return false, err
	}
	if found {
		f(st)
	}
	return found, st.Reset()
}

// each gives every row of a query to f.
func each(c *sqlite.Conn, query string, f func(st *sqlite.Stmt), args ...int64) error {
	st, err := prepare(c, query, args)
	if err != nil {
		return err
	}
	return rows(st, f)
}

// rows is each for a statement whose parameters are bound.
func rows(st *sqlite.Stmt, f func(st *sqlite.Stmt)) error {
	for {
		more, err := st.Step()
		if err != nil || !more {
			return err // a statement at its end needs no Reset
		}
		f(st)
	}
}

func prepare(c *sqlite.Conn, query string, args []int64) (*sqlite.Stmt, error) {
	st, err := c.Prepare(query)
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		st.BindInt64(i+1, a)
	}
	return st, nil
}

// columnBytes appends a blob column to b.
func columnBytes(st *sqlite.Stmt, col int, b []byte) []byte {
	n, have := st.ColumnLen(col), len(b)
	b = grow(b, n)
	st.ColumnBytes(col, b[have:])
	return b
}

// grow lengthens b by n octets whose content does not matter.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) < n {
		bigger := make([]byte, len(b), 2*cap(b)+n)
		copy(bigger, b)
		b = bigger
	}
	return b[:len(b)+n]
}

// wrap says what was being done when err came; nil stays nil.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
