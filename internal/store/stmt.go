package store

import (
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
)

// exec runs a statement that returns no rows. Like all helpers here it takes
// parameters of any kind, where those in rows.go take integers only and cost
// less; it uses the connection's cached statement and leaves it reset.
func exec(c *sqlite.Conn, sql string, args ...any) error {
	return query(c, sql, nil, args...)
}

// query calls row for every row; row may be nil. An error of row ends it and is returned as it is.
func query(c *sqlite.Conn, sql string, row func(st *sqlite.Stmt) error, args ...any) error {
	st, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Reset()
	if err := bind(st, args); err != nil {
		return err
	}
	for {
		more, err := st.Step()
		if err != nil || !more {
			return err
		}
		if row == nil {
			continue
		}
		if err := row(st); err != nil {
			return err
		}
	}
}

// queryRow calls row for the first row of a query and tells whether there was one; row may be nil.
func queryRow(c *sqlite.Conn, sql string, row func(st *sqlite.Stmt), args ...any) (bool, error) {
	st, err := c.Prepare(sql)
	if err != nil {
		return false, err
	}
	defer st.Reset()
	if err := bind(st, args); err != nil {
		return false, err
	}
	found, err := st.Step()
	if found && row != nil {
		row(st)
	}
	return found, err
}

// number is the first column of the first row, 0 when there is none.
func number(c *sqlite.Conn, sql string, args ...any) (n int64, err error) {
	_, err = queryRow(c, sql, func(st *sqlite.Stmt) { n = st.ColumnInt64(0) }, args...)
	return n, err
}

func bind(st *sqlite.Stmt, args []any) error {
	for i, a := range args {
		if err := bindOne(st, i+1, a); err != nil {
			return err
		}
	}
	return nil
}

func bindOne(st *sqlite.Stmt, i int, a any) error {
	switch a := a.(type) {
	case int64:
		st.BindInt64(i, a)
	case int:
		st.BindInt64(i, int64(a))
	case uint32:
		st.BindInt64(i, int64(a))
	case bool:
		st.BindBool(i, a)
	case string:
		st.BindText(i, a)
	case []byte:
		st.BindBytes(i, a)
	case time.Time:
		st.BindInt64(i, unix(a))
	case AccountID:
		st.BindInt64(i, int64(a))
	case MailboxID:
		st.BindInt64(i, int64(a))
	case BodyID:
		st.BindInt64(i, int64(a))
	case ThreadID:
		st.BindInt64(i, int64(a))
	case JobID:
		st.BindInt64(i, int64(a))
	case EnvelopeID:
		st.BindInt64(i, int64(a))
	case Flags:
		st.BindInt64(i, int64(a))
	default:
		return fmt.Errorf("store: cannot bind a %T", a)
	}
	return nil
}

// blob is a copy of a blob column.
func blob(st *sqlite.Stmt, col int) []byte {
	b := make([]byte, st.ColumnLen(col))
	st.ColumnBytes(col, b)
	return b
}

// unix is how times are kept: seconds since 1970, 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// columnTime is the time that unix wrote.
func columnTime(st *sqlite.Stmt, col int) time.Time {
	if n := st.ColumnInt64(col); n != 0 {
		return time.Unix(n, 0)
	}
	return time.Time{}
}
