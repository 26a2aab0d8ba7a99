package admin

import (
	"context"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/message"
)

type aliasCommands struct {
	Add    aliasAdd    `cmd:"" help:"help_alias_add"`
	List   aliasList   `cmd:"" help:"help_alias_list"`
	Remove aliasRemove `cmd:"" help:"help_alias_remove"`
}

type aliasAdd struct {
	Alias   string   `arg:"" help:"arg_alias"`
	Targets []string `arg:"" name:"target" help:"arg_target"`
}

// Run adds an alias, or targets to one that is there.
func (cmd *aliasAdd) Run(ctx context.Context, d *Desk) error {
	a, err := aliasAddress(cmd.Alias)
	if err != nil {
		return err
	}
	targets := make([]message.Address, len(cmd.Targets))
	for i, target := range cmd.Targets {
		if targets[i], err = address(target); err != nil {
			return err
		}
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	if err := free(ctx, st, a); err != nil {
		return err
	}
	if err := st.AddAlias(ctx, a, targets); err != nil {
		return explain(err, aliasText(a))
	}
	d.Println("done_alias_add", "alias", aliasText(a), "targets", joinAddresses(targets))
	return nil
}

type aliasList struct {
	JSON bool `help:"flag_json"`
}

type aliasItem struct {
	Alias   string   `json:"alias"`
	Targets []string `json:"targets"`
}

// Run lists the aliases.
func (cmd *aliasList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	aliases, err := st.Aliases(ctx)
	if err != nil {
		return err
	}
	var items []aliasItem
	for _, a := range aliases {
		items = append(items, aliasItem{aliasText(a.Address), addressTexts(a.Targets)})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_aliases", "none_aliases", func(i aliasItem) []string {
		return []string{i.Alias, strings.Join(i.Targets, ", ")}
	})
}

type aliasRemove struct {
	Alias string `arg:"" help:"arg_alias"`
}

// Run removes an alias with all its targets.
func (cmd *aliasRemove) Run(ctx context.Context, d *Desk) error {
	a, err := aliasAddress(cmd.Alias)
	if err != nil {
		return err
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	if err := st.RemoveAlias(ctx, a); err != nil {
		return explain(err, aliasText(a))
	}
	d.Println("done_alias_remove", "alias", aliasText(a))
	return nil
}

// aliasAddress reads an address, or "@domain" for the catch-all of a domain.
func aliasAddress(s string) (message.Address, error) {
	name, catchAll := strings.CutPrefix(s, "@")
	if !catchAll {
		return address(s)
	}
	dom, err := domain(name)
	return message.Address{Domain: dom}, err
}

func aliasText(a message.Address) string {
	if a.Local == "" {
		return "@" + a.Domain
	}
	return a.String()
}

func addressTexts(addresses []message.Address) []string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = a.String()
	}
	return texts
}

func joinAddresses(addresses []message.Address) string {
	return strings.Join(addressTexts(addresses), ", ")
}
