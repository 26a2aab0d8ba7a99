package admin

import (
	"context"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type sendingCommands struct {
	List   sendingList   `cmd:"" help:"help_sending_list"`
	Resume sendingResume `cmd:"" help:"help_sending_resume"`
}

type sendingList struct {
	JSON bool `help:"flag_json"`
}

type pausedItem struct {
	Address string    `json:"address"`
	Reason  string    `json:"reason"`
	Since   time.Time `json:"since"`
}

// Run lists the accounts that may not send until somebody has looked.
func (cmd *sendingList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	paused, err := st.PausedSending(ctx)
	if err != nil {
		return err
	}
	var items []pausedItem
	for _, p := range paused {
		items = append(items, pausedItem{p.Address.String(), p.Reason, p.At.UTC()})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_paused", "none_paused", func(i pausedItem) []string {
		reason := i.Reason
		if reason == store.PauseBurst {
			reason = d.Say("word_pause_burst")
		}
		return []string{i.Address, moment(i.Since), reason}
	})
}

type sendingResume struct {
	Address string `arg:"" help:"arg_address"`
}

// Run lets an account send again.
func (cmd *sendingResume) Run(ctx context.Context, d *Desk) error {
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	if err := d.st.ResumeSending(ctx, acc.ID); err != nil {
		return err
	}
	d.Println("done_sending_resume", "address", acc.Address)
	return nil
}
