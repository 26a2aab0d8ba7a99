package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/publish"
	"buzon/internal/records"
	"buzon/internal/store"
)

// changeItem is all records of a name and type, and what is to become of them.
type changeItem struct {
	State  string   `json:"state"` // there, add, replace, or beyond: the provider has no room for such
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Values []string `json:"values"`
	Others []string `json:"others"` // not ours, and in the way: type and value
	Done   bool     `json:"done"`   // it was written now
}

// write says what would change at whoever keeps the domain's DNS, asks, and does it.
func (cmd *dnsCommand) write(ctx context.Context, d *Desk, st *store.Store, domain string, addresses []netip.Addr) error {
	desk := d.publisher(st)
	plan, err := desk.Plan(ctx, domain, addresses)
	if err != nil {
		return explainPublish(err)
	}
	if !cmd.JSON {
		if err := d.tellPlan(plan); err != nil {
			return err
		}
	}
	d.noteGaps(st, plan.Facts)
	var done []publish.Item
	if plan.Changes() {
		if done, err = cmd.apply(ctx, d, desk, plan); err != nil {
			return err
		}
	}
	if cmd.JSON {
		return d.JSON(changeItems(plan, done))
	}
	d.Println("done_dns_write", "count", len(done), "domain", domain)
	return nil
}

// apply asks, once for all that is ours, and once more for what is others'.
func (cmd *dnsCommand) apply(ctx context.Context, d *Desk, desk *publish.Desk, plan publish.Plan) ([]publish.Item, error) {
	replace := cmd.Yes
	if !cmd.Yes {
		if err := d.Confirm(ctx, "ask_dns_write"); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(plan.Items, func(i publish.Item) bool { return len(i.Others) > 0 }) {
			err := d.Confirm(ctx, "ask_dns_replace")
			var no *cli.Problem
			if err != nil && !(errors.As(err, &no) && no.Key == "error_not_done") {
				return nil, err
			}
			replace = err == nil
		}
	}
	done, err := desk.Apply(ctx, plan, func(publish.Item) bool { return replace })
	return done, explainPublish(err)
}

// publisher writes records by the settings. Where the world reaches this machine is what its interfaces tell, or --address.
func (d *Desk) publisher(st *store.Store) *publish.Desk {
	return &publish.Desk{Options: publish.Options{
		Store: st, Keys: d.ring(st), Provider: publish.World{Now: d.now}.Provider, Now: d.now, Log: slog.New(slog.DiscardHandler),
		Addresses: func(context.Context) ([]netip.Addr, error) { return records.PublicAddresses(), nil },
	}}
}

// explainPublish says what is missing in the settings, or what the provider said.
func explainPublish(err error) error {
	var problem *cli.Problem
	switch {
	case err == nil || errors.As(err, &problem):
		return err
	case errors.Is(err, publish.ErrNoProvider), errors.Is(err, publish.ErrNoToken), errors.Is(err, publish.ErrNoServer):
		return cli.Fail("error_dns_provider")
	}
	return cli.Fail("error_dns_write", "why", err)
}

func changeItems(plan publish.Plan, done []publish.Item) []changeItem {
	items := []changeItem{}
	for _, i := range plan.Items {
		item := changeItem{State: string(i.State), Name: i.Name, Type: i.Type, Values: []string{}, Others: []string{}}
		for _, r := range i.Want {
			item.Values = append(item.Values, r.Value)
		}
		for _, r := range i.Others {
			item.Others = append(item.Others, r.Type+" "+r.Value)
		}
		item.Done = slices.ContainsFunc(done, func(o publish.Item) bool { return o.Name == i.Name && o.Type == i.Type })
		items = append(items, item)
	}
	return items
}

// tellPlan is the plan as a table, and below each line what would go for it.
func (d *Desk) tellPlan(plan publish.Plan) error {
	states := map[string]string{"there": "dns_state_there", "add": "dns_state_add", "replace": "dns_state_replace", "beyond": "dns_state_beyond"}
	return cli.List(d.Console, false, changeItems(plan, nil), "head_dns_write", "none_dns_write", func(i changeItem) []string {
		value := strings.Join(i.Values, ", ")
		if len(i.Others) > 0 {
			value += " (" + d.Say("dns_instead", "others", strings.Join(i.Others, ", ")) + ")"
		}
		return []string{d.Say(states[i.State]), i.Name, i.Type, value}
	})
}
