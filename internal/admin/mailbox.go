package admin

import (
	"context"

	"buzon/internal/cli"
)

type mailboxCommands struct {
	List mailboxList `cmd:"" help:"help_mailbox_list"`
}

type mailboxList struct {
	Address string `arg:"" help:"arg_address"`
	JSON    bool   `help:"flag_json"`
}

type mailboxItem struct {
	Name       string `json:"name"`
	Messages   int64  `json:"messages"`
	Unseen     int64  `json:"unseen"`
	Size       int64  `json:"size"` // octets
	SpecialUse string `json:"special_use"`
}

// Run lists an account's folders.
func (cmd *mailboxList) Run(ctx context.Context, d *Desk) error {
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	boxes, err := d.st.Mailboxes(ctx, acc.ID)
	if err != nil {
		return err
	}
	var items []mailboxItem
	for _, b := range boxes {
		if !b.NoSelect {
			items = append(items, mailboxItem{b.Name, b.Total, b.Unseen, b.Size, b.SpecialUse})
		}
	}
	return cli.List(d.Console, cmd.JSON, items, "head_mailboxes", "none_mailboxes", func(i mailboxItem) []string {
		return []string{i.Name, count(i.Messages), count(i.Unseen), humanSize(i.Size)}
	})
}
