package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type backupCommand struct {
	File string `arg:"" help:"arg_backup_file" type:"path"`
}

// Run writes a copy of the whole file while the server may go on. It appears under its name only once it is whole.
func (cmd *backupCommand) Run(ctx context.Context, d *Desk) error {
	if _, err := os.Lstat(cmd.File); err == nil {
		return cli.Fail("error_file_exists", "file", cmd.File)
	}
	if _, err := os.Stat(filepath.Dir(cmd.File)); errors.Is(err, fs.ErrNotExist) {
		return cli.Fail("error_no_folder", "folder", filepath.Dir(cmd.File))
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	unfinished := cmd.File + ".unfinished"
	os.Remove(unfinished) // of an earlier try that was killed
	os.Remove(unfinished + "-journal")
	if err := st.Backup(ctx, unfinished); err != nil {
		os.Remove(unfinished)
		return err
	}
	if err := os.Rename(unfinished, cmd.File); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	d.Println("done_backup", "file", cmd.File)
	return st.Note(context.WithoutCancel(ctx), store.NoteBackup, cmd.File) // the doctor looks how old it is
}
