package admin

import (
	"context"
	"errors"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type accountAdmin struct {
	Address string `arg:"" help:"arg_address"`
	State   string `arg:"" help:"arg_state" enum:"on,off"`
}

// Run says whether an account looks after the box.
func (cmd *accountAdmin) Run(ctx context.Context, d *Desk) error {
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	err = st.SetAdmin(ctx, a, cmd.State == "on")
	if errors.Is(err, store.ErrLastAdmin) {
		return cli.Fail("error_last_admin", "address", a)
	}
	if err != nil {
		return explain(err, a)
	}
	if cmd.State == "on" {
		d.Println("done_account_admin_on", "address", a)
	} else {
		d.Println("done_account_admin_off", "address", a)
	}
	return nil
}

// notLast refuses to leave others without anybody who looks after the box, unless somebody is sure.
func (d *Desk) notLast(ctx context.Context, acc store.Account) error {
	last, err := d.st.IsLastAdmin(ctx, acc.Address)
	if err == nil && last {
		err = cli.Fail("error_last_admin_remove", "address", acc.Address)
	}
	return err
}
