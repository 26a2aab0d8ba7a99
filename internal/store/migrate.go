package store

import (
	"context"
	"embed"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// applicationID in the file's header says that it is Buzon's: "Bzon".
const applicationID = 0x427a6f6e

//go:embed migrations/*.sql
var migrations embed.FS

// newest is the version that the last migration makes: they are numbered from
// 001 without gaps, 005_queue.sql.
func newest() int64 {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0 // cannot be: the folder is embedded
	}
	return int64(len(entries))
}

// Form is the number of the form of the file that this program makes: the one in the header of SQLite's files
// (user_version). A program opens forms up to its own, and makes them its own.
func Form() int { return int(newest()) }

// migrate brings the file to the newest version, all steps in one transaction:
// after a crash it has the old version or the new one. Two processes that start
// at once are put in order by BEGIN IMMEDIATE; the second finds nothing to do.
func migrate(ctx context.Context, c *sqlite.Conn) (err error) {
	version, err := number(c, "PRAGMA user_version")
	if err != nil || version == newest() {
		return err
	}
	if err := exec(c, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil && !c.AutocommitEnabled() {
			_ = exec(c, "ROLLBACK")
		}
	}()
	if version, err = number(c, "PRAGMA user_version"); err != nil {
		return err
	}
	if err := checkVersion(version); err != nil {
		return err
	}
	for n := version + 1; n <= newest(); n++ {
		if err := step(ctx, c, n); err != nil {
			return fmt.Errorf("migration %d: %w", n, err)
		}
	}
	return exec(c, "COMMIT")
}

// step applies one migration and writes its number into the header.
func step(ctx context.Context, c *sqlite.Conn, n int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := migrations.ReadDir("migrations") // by name, and so by number
	if err != nil {
		return err
	}
	script, err := migrations.ReadFile("migrations/" + entries[n-1].Name())
	if err != nil {
		return err
	}
	header := fmt.Sprintf("\nPRAGMA user_version=%d; PRAGMA application_id=%d;", n, applicationID)
	return sqlitex.ExecuteScript(c, string(script)+header, nil)
}
