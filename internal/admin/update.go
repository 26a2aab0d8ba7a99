package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/update"
)

type updateCommands struct {
	Install updateInstall `cmd:"" help:"help_update_install" default:"withargs"`
	Status  updateStatus  `cmd:"" help:"help_update_status"`
}

type updateInstall struct {
	File  string `arg:"" help:"arg_update_file"`
	Force bool   `help:"flag_update_force"`
}

// Run puts a new version into a machine that runs our image. Elsewhere it tells who brings new versions there.
func (cmd *updateInstall) Run(ctx context.Context, d *Desk) error {
	place := d.here()
	if place.Kind != update.Image {
		return cli.Fail("update_by_" + string(place.Kind))
	}
	r, err := openUpdate(ctx, cmd.File)
	if err != nil {
		return err
	}
	defer r.Close()
	bar := &progressLines{desk: d}
	if err := place.Client.Apply(ctx, r, cmd.Force, bar.tell); err != nil {
		return explainUpdate(err, cmd.File)
	}
	d.Println("done_update", "version", bar.last.Version)
	return nil
}

// openUpdate opens a file, or what is at an address. Signed as it is, it may come over a line that nobody trusts.
func openUpdate(ctx context.Context, from string) (io.ReadCloser, error) {
	if !strings.HasPrefix(from, "https://") && !strings.HasPrefix(from, "http://") {
		f, err := os.Open(from)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, cli.Fail("error_no_such_file", "file", from)
		}
		return f, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, cli.Fail("error_update_fetch", "from", from, "why", err)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, cli.Fail("error_update_fetch", "from", from, "why", err)
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, cli.Fail("error_update_fetch", "from", from, "why", answer.Status)
	}
	return answer.Body, nil
}

// progressLines tells each step, and how far it is at each tenth.
type progressLines struct {
	desk  *Desk
	last  update.Progress
	tenth int64
}

func (b *progressLines) tell(p update.Progress) {
	if p.Step != b.last.Step {
		b.tenth = 0
		b.desk.Note("update_"+p.Step, "version", p.Version, "size", humanSize(p.Total))
	}
	b.last = p
	if p.Total <= 0 || p.Step == update.StepRestarting {
		return
	}
	if tenth := p.Octets * 10 / p.Total; tenth > b.tenth {
		b.tenth = tenth
		fmt.Fprintf(b.desk.Err, "  %d %%\n", 10*tenth)
	}
}

// explainUpdate puts a refusal in the person's words.
func explainUpdate(err error, file string) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	for known, key := range map[error]string{
		update.ErrNotUpdate: "error_update_not", update.ErrSignature: "error_update_signature", update.ErrDamaged: "error_update_damaged",
		update.ErrBoard: "error_update_board", update.ErrOlder: "error_update_older", update.ErrTooLarge: "error_update_large",
		update.ErrNoRoom: "error_update_room", update.ErrBusy: "error_update_busy", update.ErrTrial: "error_update_trial",
		update.ErrFailed: "error_update_failed",
	} {
		if errors.Is(err, known) {
			return cli.Fail(key, "file", file, "why", err)
		}
	}
	return err
}

type updateStatus struct {
	JSON bool `help:"flag_json"`
}

// updateState is the whole answer for programs.
type updateState struct {
	Place update.Kind    `json:"place"`
	Image *update.Status `json:"image"` // null elsewhere
}

// Run tells which version runs, which one is kept beside it, and what became of the last update.
func (cmd *updateStatus) Run(ctx context.Context, d *Desk) error {
	place := d.here()
	state := updateState{Place: place.Kind}
	if place.Kind == update.Image {
		s, err := place.Client.Status(ctx)
		if err != nil {
			return err
		}
		state.Image = &s
	}
	switch {
	case cmd.JSON:
		return d.JSON(state)
	case state.Image == nil:
		d.Println("update_by_" + string(place.Kind))
		return nil
	}
	d.printUpdateStatus(*state.Image)
	return nil
}

func (d *Desk) printUpdateStatus(s update.Status) {
	d.Println("update_runs", "version", s.Version, "board", s.Board, "slot", strings.ToUpper(s.Slot))
	if s.Trial {
		d.Println("update_trial")
	}
	if s.Other != "" {
		d.Println("update_other", "version", s.Other)
	}
	if o := s.Last; o != nil {
		d.Println("update_last_"+o.Result, "version", o.Version, "from", o.From, "time", moment(o.At))
		if o.Reason != "" {
			d.Println("update_reason", "why", o.Reason)
		}
	}
	d.Println("update_up", "time", (time.Duration(s.Up) * time.Second).String())
}
