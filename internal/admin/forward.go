package admin

import (
	"context"
	"errors"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/message"
	"buzon/internal/store"
)

type forwardCommands struct {
	Set    forwardSet    `cmd:"" help:"help_forward_set"`
	List   forwardList   `cmd:"" help:"help_forward_list"`
	Remove forwardRemove `cmd:"" help:"help_forward_remove"`
}

type forwardSet struct {
	Address string   `arg:"" help:"arg_address"`
	Targets []string `arg:"" name:"target" help:"arg_target"`
	Keep    bool     `help:"flag_forward_keep"`
}

// Run sends what comes to an account on to other addresses.
func (cmd *forwardSet) Run(ctx context.Context, d *Desk) error {
	targets := make([]message.Address, len(cmd.Targets))
	for i, target := range cmd.Targets {
		var err error
		if targets[i], err = address(target); err != nil {
			return err
		}
	}
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	err = d.st.SetForward(ctx, store.Forward{Account: acc.ID, Targets: targets, Keep: cmd.Keep})
	if errors.Is(err, store.ErrBadName) {
		return cli.Fail("error_forward", "address", acc.Address)
	}
	if err != nil {
		return explain(err, acc.Address)
	}
	done := "done_forward_away"
	if cmd.Keep {
		done = "done_forward_keep"
	}
	d.Println(done, "address", acc.Address, "targets", joinAddresses(targets))
	return nil
}

type forwardList struct {
	JSON bool `help:"flag_json"`
}

type forwardItem struct {
	Address string   `json:"address"`
	Targets []string `json:"targets"`
	Keep    bool     `json:"keep"`
}

// Run lists the accounts whose mail is sent on.
func (cmd *forwardList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	forwards, err := st.Forwards(ctx)
	if err != nil {
		return err
	}
	var items []forwardItem
	for _, f := range forwards {
		items = append(items, forwardItem{f.Address.String(), addressTexts(f.Targets), f.Keep})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_forwards", "none_forwards", func(i forwardItem) []string {
		keep := d.Say("word_no")
		if i.Keep {
			keep = d.Say("word_yes")
		}
		return []string{i.Address, strings.Join(i.Targets, ", "), keep}
	})
}

type forwardRemove struct {
	Address string `arg:"" help:"arg_address"`
}

// Run leaves an account's mail with the account again.
func (cmd *forwardRemove) Run(ctx context.Context, d *Desk) error {
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	err = d.st.RemoveForward(ctx, acc.ID)
	if errors.Is(err, store.ErrNoForward) {
		return cli.Fail("error_no_forward", "address", acc.Address)
	}
	if err != nil {
		return err
	}
	d.Println("done_forward_remove", "address", acc.Address)
	return nil
}
