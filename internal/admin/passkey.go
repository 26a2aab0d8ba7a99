package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type passkeyCommands struct {
	List   passkeyList   `cmd:"" help:"help_passkey_list"`
	Remove passkeyRemove `cmd:"" help:"help_passkey_remove"`
}

type passkeyList struct {
	Address string `arg:"" help:"arg_address"`
	JSON    bool   `help:"flag_json"`
}

type passkeyItem struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Created  time.Time  `json:"created"`
	LastUsed *time.Time `json:"last_used"` // null is never
}

// Run lists an account's passkeys. They are made on the page, by the device that keeps them.
func (cmd *passkeyList) Run(ctx context.Context, d *Desk) error {
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	keys, err := st.Passkeys(ctx, a)
	if err != nil {
		return explain(err, a)
	}
	var items []passkeyItem
	for _, k := range keys {
		item := passkeyItem{ID: base64.RawURLEncoding.EncodeToString(k.ID), Name: k.Name, Created: k.Created.UTC()}
		if !k.LastUsed.IsZero() {
			used := k.LastUsed.UTC()
			item.LastUsed = &used
		}
		items = append(items, item)
	}
	return cli.List(d.Console, cmd.JSON, items, "head_passkeys", "none_passkeys", func(i passkeyItem) []string {
		used := d.Say("word_never")
		if i.LastUsed != nil {
			used = moment(*i.LastUsed)
		}
		return []string{i.Name, day(i.Created), used, i.ID}
	})
}

type passkeyRemove struct {
	Address string `arg:"" help:"arg_address"`
	ID      string `arg:"" help:"arg_passkey"`
}

// Run ends a passkey: it opens nothing any more.
func (cmd *passkeyRemove) Run(ctx context.Context, d *Desk) error {
	st, a, err := d.account(ctx, cmd.Address)
	if err != nil {
		return err
	}
	id, err := base64.RawURLEncoding.DecodeString(cmd.ID)
	if err == nil {
		err = st.RemovePasskey(ctx, a, id)
	}
	var corrupt base64.CorruptInputError
	if errors.Is(err, store.ErrNoPasskey) || errors.As(err, &corrupt) {
		return cli.Fail("error_no_passkey", "id", cmd.ID, "address", a)
	}
	if err != nil {
		return explain(err, a)
	}
	d.Println("done_passkey_remove", "address", a)
	return nil
}
