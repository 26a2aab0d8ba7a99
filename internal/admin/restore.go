package admin

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type restoreCommand struct {
	File string `arg:"" help:"arg_restore_file" type:"path"`
	Yes  bool   `help:"flag_yes"`
}

// Run puts a copy in the place of the file, whether or not a server runs on it. The file itself is never opened as a database:
// it may be damaged, which is why there is a restore.
func (cmd *restoreCommand) Run(ctx context.Context, d *Desk) error {
	if err := d.restorable(cmd.File); err != nil {
		return err
	}
	staged, err := store.Stage(ctx, d.path, cmd.File)
	if err != nil {
		return restoreProblem(err, cmd.File)
	}
	if err := cmd.agree(ctx, d, staged.Contents); err != nil {
		return errors.Join(err, staged.Discard())
	}
	if err := staged.Commit(); err != nil {
		return errors.Join(err, staged.Discard())
	}
	return d.replace(ctx)
}

// restorable looks at what needs no copy.
func (d *Desk) restorable(file string) error {
	from, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return cli.Fail("error_restore_none", "file", file)
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(d.path)); errors.Is(err, fs.ErrNotExist) {
		return cli.Fail("error_no_folder", "folder", filepath.Dir(d.path))
	}
	if at, err := os.Stat(d.path); err == nil && os.SameFile(from, at) {
		return cli.Fail("error_restore_same", "file", file)
	}
	return nil
}

// agree shows what is in the copy, and asks.
func (cmd *restoreCommand) agree(ctx context.Context, d *Desk, c store.Contents) error {
	newest := "-"
	if !c.Newest.IsZero() {
		newest = moment(c.Newest)
	}
	domains := strings.Join(c.Domains, ", ")
	if domains == "" {
		domains = "-"
	}
	d.Println("show_restore", "file", cmd.File, "domains", domains, "accounts", c.Accounts,
		"messages", c.Messages, "size", humanSize(c.Octets), "newest", newest)
	if cmd.Yes {
		return nil
	}
	err := d.Confirm(ctx, "ask_restore", "file", d.path)
	var problem *cli.Problem
	switch {
	case errors.As(err, &problem) && problem.Key == "error_need_yes":
		return cli.Fail("error_restore_need_yes")
	case errors.As(err, &problem) && problem.Key == "error_not_done":
		return cli.Fail("error_restore_not_done")
	}
	return err
}

// serverPatience is how long a server may need to end what it is doing and take the copy.
const serverPatience = 90 * time.Second

// replace waits until the copy is in its place. A server that runs on the file puts it there, within two seconds and what it
// needs to end its work; where there is none we do.
func (d *Desk) replace(ctx context.Context) error {
	_, missing := os.Stat(d.path)
	patience, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	err := error(store.ErrInUse)
	for errors.Is(err, store.ErrInUse) && patience.Err() == nil {
		_, err = store.Take(patience, d.path)
	}
	if err != nil {
		withdrawn, failed := store.Withdraw(d.path)
		switch {
		case failed != nil:
			return errors.Join(err, failed)
		case withdrawn && ctx.Err() == nil && patience.Err() != nil:
			return cli.Fail("error_restore_in_use", "file", d.path)
		case withdrawn:
			return err
		}
	}
	if errors.Is(missing, fs.ErrNotExist) {
		d.Println("done_restore_new", "file", d.path)
	} else {
		d.Println("done_restore", "file", d.path, "before", store.Before(d.path))
	}
	return nil
}

// restoreProblem puts what is wrong with a copy in the person's words.
func restoreProblem(err error, file string) error {
	for _, known := range []struct {
		err error
		key string
	}{
		{store.ErrNotBuzon, "error_restore_not_buzon"},
		{store.ErrNewer, "error_newer"},
		{store.ErrDamaged, "error_restore_damaged"},
		{store.ErrInUse, "error_restore_busy"},
		{fs.ErrPermission, "error_restore_permission"},
	} {
		if errors.Is(err, known.err) {
			return cli.Fail(known.key, "file", file)
		}
	}
	return err
}
