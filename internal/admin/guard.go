package admin

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type guardCommands struct {
	List    guardList    `cmd:"" help:"help_guard_list"`
	Release guardRelease `cmd:"" help:"help_guard_release"`
}

type guardList struct {
	JSON bool `help:"flag_json"`
}

type guardItem struct {
	Address  string    `json:"address"` // IP address or network; "" is an account wherever from
	Account  string    `json:"account"` // as it was typed; "" is an address whatever the account
	Failures int64     `json:"failures"`
	Last     time.Time `json:"last"`
	Until    time.Time `json:"until"`
}

// Run lists whom the running server keeps waiting before it looks at a password.
func (cmd *guardList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	guarded, err := st.GuardedNow(ctx)
	if err != nil {
		return err
	}
	var items []guardItem
	for _, g := range guarded {
		items = append(items, guardItem{g.Address, g.Account, g.Failures, g.Last.UTC(), g.Until.UTC()})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_guard", "none_guard", func(i guardItem) []string {
		return []string{orDash(plain(i.Account)), orDash(i.Address), count(i.Failures), moment(i.Last), moment(i.Until)}
	})
}

type guardRelease struct {
	Who string `arg:"" help:"arg_guarded"`
}

// Run makes the guard forget somebody's failures.
func (cmd *guardRelease) Run(ctx context.Context, d *Desk) error {
	who := strings.TrimSpace(cmd.Who)
	if p, err := netip.ParsePrefix(who); err == nil { // as the list shows networks
		who = p.Addr().String()
	} else if a, err := netip.ParseAddr(who); err == nil {
		who = a.Unmap().WithZone("").String()
	}
	if who == "" {
		return cli.Fail("error_guarded", "who", cmd.Who)
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	known, err := st.ReleaseGuarded(ctx, who)
	if errors.Is(err, store.ErrTooMany) {
		return cli.Fail("error_guard_busy")
	}
	if err != nil {
		return err
	}
	if !known {
		d.Note("note_guard_unknown", "who", plain(who))
	}
	d.Println("done_guard_release", "who", plain(who))
	return nil
}
