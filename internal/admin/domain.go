package admin

import (
	"context"
	"errors"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type domainCommands struct {
	Add    domainAdd    `cmd:"" help:"help_domain_add"`
	List   domainList   `cmd:"" help:"help_domain_list"`
	Remove domainRemove `cmd:"" help:"help_domain_remove"`
}

type domainAdd struct {
	Domain string `arg:"" help:"arg_domain"`
}

// Run adds a domain, in a new file where there is none: with this one begins.
func (cmd *domainAdd) Run(ctx context.Context, d *Desk) error {
	name, err := domain(cmd.Domain)
	if err != nil {
		return err
	}
	st, err := d.storeOrNew(ctx)
	if err != nil {
		return err
	}
	if err := st.AddDomain(ctx, name); err != nil {
		return explain(err, name)
	}
	if err := d.ring(st).EnsureKeys(ctx, name); err != nil { // a server that starts makes up for it
		return err
	}
	d.Println("done_domain_add", "domain", name)
	return nil
}

type domainList struct {
	JSON bool `help:"flag_json"`
}

type domainItem struct {
	Domain  string    `json:"domain"`
	Created time.Time `json:"created"`
}

// Run lists the domains.
func (cmd *domainList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	domains, err := st.Domains(ctx)
	if err != nil {
		return err
	}
	var items []domainItem
	for _, dom := range domains {
		items = append(items, domainItem{dom.Name, dom.Created.UTC()})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_domains", "none_domains", func(i domainItem) []string {
		return []string{i.Domain, day(i.Created)}
	})
}

type domainRemove struct {
	Domain string `arg:"" help:"arg_domain"`
}

// Run removes a domain in which nobody is left.
func (cmd *domainRemove) Run(ctx context.Context, d *Desk) error {
	name, err := domain(cmd.Domain)
	if err != nil {
		return err
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	err = st.RemoveDomain(ctx, name)
	if errors.Is(err, store.ErrNoDomain) {
		return cli.Fail("error_domain_unknown", "domain", name)
	}
	if err != nil {
		return explain(err, name)
	}
	d.Println("done_domain_remove", "domain", name)
	return nil
}
