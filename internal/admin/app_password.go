package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type appPasswordCommands struct {
	Add    appPasswordAdd    `cmd:"" help:"help_app_password_add"`
	List   appPasswordList   `cmd:"" help:"help_app_password_list"`
	Remove appPasswordRemove `cmd:"" help:"help_app_password_remove"`
}

type appPasswordAdd struct {
	Address string `arg:"" help:"arg_address"`
	Name    string `arg:"" help:"arg_app_name"`
}

// Run makes a password for one device. It alone goes to the output, so that a script can take it.
func (cmd *appPasswordAdd) Run(ctx context.Context, d *Desk) error {
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	secret, err := st.AddAppPassword(ctx, a, cmd.Name)
	if err != nil {
		return explain(err, cmd.Name)
	}
	d.Note("done_app_password_add", "address", a, "name", cmd.Name)
	_, err = fmt.Fprintln(d.Out, secret)
	return err
}

type appPasswordList struct {
	Address string `arg:"" help:"arg_address"`
	JSON    bool   `help:"flag_json"`
}

type appPasswordItem struct {
	Name     string     `json:"name"`
	Created  time.Time  `json:"created"`
	LastUsed *time.Time `json:"last_used"` // to the hour; null is never
}

// Run lists an account's app passwords, which themselves are not kept.
func (cmd *appPasswordList) Run(ctx context.Context, d *Desk) error {
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	passwords, err := st.AppPasswords(ctx, a)
	if err != nil {
		return explain(err, a)
	}
	var items []appPasswordItem
	for _, p := range passwords {
		item := appPasswordItem{Name: p.Name, Created: p.Created.UTC()}
		if !p.LastUsed.IsZero() {
			used := p.LastUsed.UTC()
			item.LastUsed = &used
		}
		items = append(items, item)
	}
	return cli.List(d.Console, cmd.JSON, items, "head_app_passwords", "none_app_passwords", func(i appPasswordItem) []string {
		used := d.Say("word_never")
		if i.LastUsed != nil {
			used = i.LastUsed.Local().Format("2006-01-02 15:00")
		}
		return []string{i.Name, day(i.Created), used}
	})
}

type appPasswordRemove struct {
	Address string `arg:"" help:"arg_address"`
	Name    string `arg:"" help:"arg_app_name"`
}

// Run removes an app password: the device cannot log in any more.
func (cmd *appPasswordRemove) Run(ctx context.Context, d *Desk) error {
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	passwords, err := st.AppPasswords(ctx, a)
	if err != nil {
		return explain(err, a)
	}
	if !slices.ContainsFunc(passwords, func(p store.AppPassword) bool { return p.Name == cmd.Name }) {
		return cli.Fail("error_no_app_password", "name", cmd.Name, "address", a)
	}
	if err := st.RemoveAppPassword(ctx, a, cmd.Name); err != nil {
		return explain(err, cmd.Name)
	}
	d.Println("done_app_password_remove", "address", a, "name", cmd.Name)
	return nil
}
