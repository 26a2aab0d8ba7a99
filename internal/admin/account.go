package admin

import (
	"context"
	"time"

	"buzon/internal/cli"
	"buzon/internal/message"
	"buzon/internal/store"
)

type accountCommands struct {
	Add      accountAdd      `cmd:"" help:"help_account_add"`
	List     accountList     `cmd:"" help:"help_account_list"`
	Password accountPassword `cmd:"" help:"help_account_password"`
	Quota    accountQuota    `cmd:"" help:"help_account_quota"`
	Name     accountName     `cmd:"" help:"help_account_name"`
	Admin    accountAdmin    `cmd:"" help:"help_account_admin"`
	Remove   accountRemove   `cmd:"" help:"help_account_remove"`
}

type accountAdd struct {
	Address string `arg:"" help:"arg_new_address"`
	Quota   string `help:"flag_quota" placeholder:"word_size"`
}

// Run adds an account. What could fail is looked at before anybody has typed a password twice.
func (cmd *accountAdd) Run(ctx context.Context, d *Desk) error {
	a, err := address(cmd.Address)
	if err != nil {
		return err
	}
	quota, err := cmd.quota()
	if err != nil {
		return err
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	if err := free(ctx, st, a); err != nil {
		return err
	}
	password, err := d.NewPassword(ctx)
	if err != nil {
		return err
	}
	if _, err := st.AddAccount(ctx, a, password); err != nil {
		return explain(err, a)
	}
	if cmd.Quota != "" { // Ctrl-C must not leave an account without it
		if err := st.SetQuota(context.WithoutCancel(ctx), a, quota); err != nil {
			return explain(err, a)
		}
	}
	d.Println("done_account_add", "address", a)
	return nil
}

func (cmd *accountAdd) quota() (int64, error) {
	if cmd.Quota == "" {
		return 0, nil
	}
	return size(cmd.Quota)
}

// free tells whether an account or alias of this address could be added.
func free(ctx context.Context, st *store.Store, a message.Address) error {
	ours, err := st.IsLocalDomain(ctx, a.Domain)
	if err != nil {
		return err
	}
	if !ours {
		return cli.Fail("error_no_domain", "domain", a.Domain)
	}
	if _, err := st.Account(ctx, a); err == nil {
		return cli.Fail("error_exists", "what", a)
	}
	return nil
}

type accountList struct {
	JSON bool `help:"flag_json"`
}

type accountItem struct {
	Address  string    `json:"address"`
	Name     string    `json:"name"`
	Messages int64     `json:"messages"`
	Used     int64     `json:"used"`  // octets
	Quota    int64     `json:"quota"` // octets; 0 is none
	Created  time.Time `json:"created"`
	Admin    bool      `json:"admin"`
}

// Run lists the accounts.
func (cmd *accountList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	accounts, err := st.Accounts(ctx)
	if err != nil {
		return err
	}
	var items []accountItem
	for _, a := range accounts {
		items = append(items, accountItem{a.Address.String(), a.Name, a.Messages, a.Used, a.Quota, a.Created.UTC(), a.Admin})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_accounts", "none_accounts", func(i accountItem) []string {
		quota := humanSize(i.Quota)
		if i.Quota == 0 {
			quota = d.Say("word_unlimited")
		}
		admin := "-"
		if i.Admin {
			admin = d.Say("word_yes")
		}
		return []string{i.Address, count(i.Messages), humanSize(i.Used), quota, day(i.Created), admin}
	})
}

type accountPassword struct {
	Address string `arg:"" help:"arg_address"`
}

// Run changes an account's password.
func (cmd *accountPassword) Run(ctx context.Context, d *Desk) error {
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	password, err := d.NewPassword(ctx)
	if err != nil {
		return err
	}
	if err := st.SetPassword(ctx, a, password); err != nil {
		return explain(err, a)
	}
	d.Println("done_account_password", "address", a)
	return nil
}

// account opens the file and sees that there is an account of this address.
func (d *Desk) account(ctx context.Context, s string) (*store.Store, message.Address, error) {
	acc, err := d.accountItself(ctx, s)
	return d.st, acc.Address, err
}

func (d *Desk) accountItself(ctx context.Context, s string) (store.Account, error) {
	a, err := address(s)
	if err != nil {
		return store.Account{}, err
	}
	st, err := d.store(ctx)
	if err != nil {
		return store.Account{}, err
	}
	acc, err := st.Account(ctx, a)
	return acc, explain(err, a)
}

type accountQuota struct {
	Address string `arg:"" help:"arg_address"`
	Size    string `arg:"" help:"arg_size"`
}

// Run changes how much an account may hold.
func (cmd *accountQuota) Run(ctx context.Context, d *Desk) error {
	octets, err := size(cmd.Size)
	if err != nil {
		return err
	}
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	if err := st.SetQuota(ctx, a, octets); err != nil {
		return explain(err, a)
	}
	if octets == 0 {
		d.Println("done_account_no_quota", "address", a)
	} else {
		d.Println("done_account_quota", "address", a, "size", humanSize(octets))
	}
	return nil
}

type accountRemove struct {
	Address string `arg:"" help:"arg_address"`
	Yes     bool   `help:"flag_yes"`
}

// Run removes an account with all its mail.
func (cmd *accountRemove) Run(ctx context.Context, d *Desk) error {
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	if !cmd.Yes {
		if err := d.notLast(ctx, acc); err != nil {
			return err
		}
		if err := d.Confirm(ctx, "ask_account_remove", "address", acc.Address, "messages", acc.Messages); err != nil {
			return err
		}
	}
	if err := d.st.RemoveAccount(ctx, acc.Address); err != nil {
		return explain(err, acc.Address)
	}
	d.Println("done_account_remove", "address", acc.Address)
	return nil
}
