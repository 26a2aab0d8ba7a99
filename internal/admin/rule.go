package admin

import (
	"context"
	"errors"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type blockCommands struct {
	Add    blockAdd    `cmd:"" help:"help_block_add"`
	List   blockList   `cmd:"" help:"help_block_list"`
	Remove blockRemove `cmd:"" help:"help_block_remove"`
}

type allowCommands struct {
	Add    allowAdd    `cmd:"" help:"help_allow_add"`
	List   allowList   `cmd:"" help:"help_allow_list"`
	Remove allowRemove `cmd:"" help:"help_allow_remove"`
}

// ruleArgs say whom a rule is about.
type ruleArgs struct {
	Who     string `arg:"" help:"arg_who"`
	Host    bool   `help:"flag_rule_host"`
	Account string `help:"flag_rule_account" placeholder:"word_address"`
}

type (
	blockAdd    struct{ ruleArgs }
	blockRemove struct{ ruleArgs }
	allowAdd    struct{ ruleArgs }
	allowRemove struct{ ruleArgs }
)

// Run keeps somebody out.
func (cmd *blockAdd) Run(ctx context.Context, d *Desk) error { return cmd.add(ctx, d, false) }

// Run keeps somebody out no longer.
func (cmd *blockRemove) Run(ctx context.Context, d *Desk) error { return cmd.remove(ctx, d, false) }

// Run lets somebody in.
func (cmd *allowAdd) Run(ctx context.Context, d *Desk) error { return cmd.add(ctx, d, true) }

// Run lets somebody in no longer.
func (cmd *allowRemove) Run(ctx context.Context, d *Desk) error { return cmd.remove(ctx, d, true) }

func (cmd *ruleArgs) add(ctx context.Context, d *Desk, allow bool) error {
	r, err := cmd.rule(ctx, d, allow)
	if err != nil {
		return err
	}
	return d.addRule(ctx, r, cmd.Account)
}

// addRule adds a rule and says what it does; account is the address of its owner, or "".
func (d *Desk) addRule(ctx context.Context, r store.Rule, account string) error {
	kept, err := d.st.AddRule(ctx, r)
	if errors.Is(err, store.ErrTooMany) {
		return cli.Fail("error_rules_many")
	}
	if err != nil {
		return ruleProblem(err, r)
	}
	done := map[bool]string{true: "done_allow_add", false: "done_block_add"}
	if account != "" {
		done = map[bool]string{true: "done_allow_add_for", false: "done_block_add_for"}
	}
	d.Println(done[r.Allow], "who", kept.Value, "address", account)
	return nil
}

func (cmd *ruleArgs) remove(ctx context.Context, d *Desk, allow bool) error {
	r, err := cmd.rule(ctx, d, allow)
	if err != nil {
		return err
	}
	if err := d.st.RemoveRule(ctx, r); err != nil {
		return ruleProblem(err, r)
	}
	d.Println(map[bool]string{true: "done_allow_remove", false: "done_block_remove"}[allow], "who", r.Value)
	return nil
}

// rule is what the command line means; it opens the file.
func (cmd *ruleArgs) rule(ctx context.Context, d *Desk, allow bool) (r store.Rule, err error) {
	r = store.Rule{Allow: allow, Kind: store.RuleKind(cmd.Who, cmd.Host), Value: strings.TrimPrefix(strings.TrimSpace(cmd.Who), "@")}
	if cmd.Account != "" {
		acc, err := d.accountItself(ctx, cmd.Account)
		r.Account = acc.ID
		return r, err
	}
	_, err = d.store(ctx)
	return r, err
}

func ruleProblem(err error, r store.Rule) error {
	switch {
	case errors.Is(err, store.ErrNoRule) && r.Allow:
		return cli.Fail("error_no_allow", "who", r.Value)
	case errors.Is(err, store.ErrNoRule):
		return cli.Fail("error_no_block", "who", r.Value)
	case errors.Is(err, store.ErrBadName):
		return cli.Fail("error_rule", "who", r.Value)
	}
	return err
}

type (
	blockList struct {
		JSON bool `help:"flag_json"`
	}
	allowList struct {
		JSON bool `help:"flag_json"`
	}
)

type ruleItem struct {
	Who     string    `json:"who"`
	Kind    string    `json:"kind"`    // address, domain, host or network
	Account string    `json:"account"` // "" is everybody here
	Since   time.Time `json:"since"`
}

// Run lists who is kept out.
func (cmd *blockList) Run(ctx context.Context, d *Desk) error {
	return d.listRules(ctx, false, cmd.JSON, "none_blocked")
}

// Run lists who is let in.
func (cmd *allowList) Run(ctx context.Context, d *Desk) error {
	return d.listRules(ctx, true, cmd.JSON, "none_allowed")
}

func (d *Desk) listRules(ctx context.Context, allow, asJSON bool, none string) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	each := func(give func(ruleItem) error) error {
		return st.Rules(ctx, allow, func(r store.Rule) error {
			return give(ruleItem{r.Value, r.Kind, r.Owner.String(), r.At.UTC()})
		})
	}
	kinds := map[string]string{
		store.RuleAddress: d.Say("word_rule_address"), store.RuleDomain: d.Say("word_rule_domain"),
		store.RuleHost: d.Say("word_rule_host"), store.RuleNetwork: d.Say("word_rule_network"),
	}
	return cli.Stream(d.Console, asJSON, each, "head_rules", none, func(i ruleItem) []string {
		account := i.Account
		if account == "" {
			account = d.Say("word_everybody")
		}
		return []string{i.Who, kinds[i.Kind], account, moment(i.Since)}
	})
}
