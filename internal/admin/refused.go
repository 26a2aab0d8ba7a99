package admin

import (
	"context"
	"errors"
	"time"

	"buzon/internal/cli"
	"buzon/internal/gate"
	"buzon/internal/store"
)

type refusedCommands struct {
	List  refusedList  `cmd:"" help:"help_refused_list"`
	Allow refusedAllow `cmd:"" help:"help_refused_allow"`
}

type refusedList struct {
	JSON bool `help:"flag_json"`
}

type refusedItem struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"` // the last time
	Times  int64     `json:"times"`
	Client string    `json:"client"` // IP address
	Host   string    `json:"host"`   // its confirmed name, or ""
	Helo   string    `json:"helo"`
	From   string    `json:"from"` // "" is the null sender, or it did not come to that
	To     string    `json:"to"`
	Reason string    `json:"reason"` // blocked, listed, helo, early, rate, errors, unknown, dmarc
	Reply  string    `json:"reply"`
}

// Run lists what was refused in the last 30 days, the latest first.
func (cmd *refusedList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	each := func(give func(refusedItem) error) error {
		return st.Refusals(ctx, func(r store.Refusal) error {
			return give(refusedItem{r.ID, r.At.UTC(), r.Times, r.Client, r.Host, r.Helo, r.Sender, r.Recipient, r.Reason, r.Reply})
		})
	}
	return cli.Stream(d.Console, cmd.JSON, each, "head_refused", "none_refused", func(i refusedItem) []string {
		server := i.Client
		if i.Host != "" {
			server = i.Host + " [" + i.Client + "]"
		}
		return []string{count(i.ID), moment(i.At), count(i.Times), orDash(plain(i.From)), orDash(plain(i.To)), plain(server), d.refusedWhy(i.Reason)}
	})
}

// refusedWhy is the reason for people; one that has no words yet stands as it is.
func (d *Desk) refusedWhy(reason string) string {
	key, ok := gate.Sentence(reason)
	if !ok {
		return plain(reason)
	}
	return d.Say(key)
}

type refusedAllow struct {
	ID     int64 `arg:"" help:"arg_refused"`
	Server bool  `help:"flag_refused_server"`
}

// Run lets in who was refused: the sender, because its server may be another tomorrow; or the server.
func (cmd *refusedAllow) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	refused, err := st.Refusal(ctx, cmd.ID)
	if errors.Is(err, store.ErrNoRefusal) {
		return cli.Fail("error_refused", "id", cmd.ID)
	}
	if err != nil {
		return err
	}
	r := store.Rule{Allow: true, Kind: store.RuleAddress, Value: refused.Sender}
	if cmd.Server || refused.Sender == "" {
		r.Kind, r.Value = store.RuleNetwork, refused.Client
	}
	return d.addRule(ctx, r, "")
}
