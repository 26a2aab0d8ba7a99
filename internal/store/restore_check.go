package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Contents is what is in a file, for people to see before it takes the place of theirs.
type Contents struct {
	Version  int64 // of the format, as the file had it
	Domains  []string
	Accounts int64
	Messages int64
	Octets   int64     // of all mail, a message that several have counted for each
	Newest   time.Time // when the newest message arrived; zero where there is none
}

// prepareStaged looks whether a copy, which nobody else has open, is a whole file of ours, brings it to the newest version, and
// leaves no log beside it. What a stranger could have put into it never runs: its tables must be those that we would have made.
func prepareStaged(ctx context.Context, f *os.File) (Contents, error) {
	if err := inspect(f); err != nil {
		return Contents{}, err
	}
	c, err := openWriter(f.Name())
	if err != nil {
		return Contents{}, damaged(err)
	}
	contents, err := examine(ctx, c)
	if err := firstError(err, c.Close()); err != nil {
		return contents, damaged(err)
	}
	if _, err := os.Lstat(f.Name() + logEnd); !errors.Is(err, fs.ErrNotExist) {
		return contents, fmt.Errorf("its log could not be copied into it: %w", ErrDamaged)
	}
	return contents, nil
}

// damaged tells what SQLite says of a broken file from what it says of the disk.
func damaged(err error) error {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func examine(ctx context.Context, c *sqlite.Conn) (contents Contents, err error) {
	if err := sqlitex.ExecuteTransient(c, "PRAGMA trusted_schema=0", nil); err != nil {
		return contents, err
	}
	if contents.Version, err = number(c, "PRAGMA user_version"); err != nil {
		return contents, err
	}
	if err := checkSchema(ctx, c, contents.Version); err != nil {
		return contents, err
	}
	if err := checkIntegrity(ctx, c); err != nil {
		return contents, err
	}
	if err := migrate(ctx, c); err != nil {
		return contents, err
	}
	return contents, readContents(c, &contents)
}

// checkSchema compares the tables, indexes and all else with what the migrations make.
func checkSchema(ctx context.Context, c *sqlite.Conn, version int64) error {
	model, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return err
	}
	defer model.Close()
	for n := int64(1); n <= version; n++ {
		if err := step(ctx, model, n); err != nil {
			return fmt.Errorf("migration %d: %w", n, err)
		}
	}
	want, err := schema(model)
	if err != nil {
		return err
	}
	got, err := schema(c)
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("%w: its tables are not those of version %d", ErrNotBuzon, version)
	}
	return err
}

// schema names what a file has. The texts behind the names differ where SQLite has written them anew.
func schema(c *sqlite.Conn) (names []string, err error) {
	err = query(c, "SELECT type || ' ' || name || ' ' || tbl_name FROM sqlite_schema ORDER BY 1", func(st *sqlite.Stmt) error {
		names = append(names, st.ColumnText(0))
		return nil
	})
	return names, err
}

// checkIntegrity reads the whole file: minutes on a card with many gigabytes.
func checkIntegrity(ctx context.Context, c *sqlite.Conn) error {
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	found, err := text(c, "PRAGMA integrity_check(1)")
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case found != "ok":
		return fmt.Errorf("%w: %s", ErrDamaged, found)
	}
	return nil
}

func readContents(c *sqlite.Conn, contents *Contents) error {
	err := query(c, "SELECT name FROM domain ORDER BY name", func(st *sqlite.Stmt) error {
		contents.Domains = append(contents.Domains, st.ColumnText(0))
		return nil
	})
	if err != nil {
		return err
	}
	if contents.Accounts, err = number(c, "SELECT count(*) FROM account"); err != nil {
		return err
	}
	_, err = queryRow(c, `SELECT ifnull(sum(total), 0), ifnull(sum(size), 0) FROM mailbox`, func(st *sqlite.Stmt) {
		contents.Messages, contents.Octets = st.ColumnInt64(0), st.ColumnInt64(1)
	})
	if err != nil || contents.Messages == 0 {
		return err
	}
	_, err = queryRow(c, "SELECT max(idate) FROM msg", func(st *sqlite.Stmt) { contents.Newest = columnTime(st, 0) })
	return err
}
