package admin

import "context"

type accountName struct {
	Address string `arg:"" help:"arg_address"`
	Name    string `arg:"" optional:"" help:"arg_person"`
}

// Run changes what a person is called in the settings that their devices get; no name takes it away.
func (cmd *accountName) Run(ctx context.Context, d *Desk) error {
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	if err := st.SetName(ctx, a, cmd.Name); err != nil {
		return explain(err, cmd.Name)
	}
	d.Println("done_account_name", "address", a)
	return nil
}
