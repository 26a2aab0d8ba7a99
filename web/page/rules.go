package page

import (
	"errors"
	"strings"

	"buzon/internal/store"
)

// Who is let in and who is kept out: for all, on pages of their own, and for one account, on its page.

// rulesView is a page of who is kept out, or let in.
type rulesView struct {
	Allow bool
	Rules []ruleView
	More  string
}

func (p *Page) showRules(r *request) (reply, error) {
	v := rulesView{Allow: r.FormValue("allow") == "yes"}
	list, err := p.Store.RulesPage(r.Context(), v.Allow, r.number("from"), listRows)
	if err != nil {
		return nil, err
	}
	for _, rule := range list {
		v.Rules = append(v.Rules, ruleView{rule, r.ruleKind(rule.Kind)})
	}
	if len(list) == listRows {
		v.More = "/flow/rules?from=" + itoa(list[len(list)-1].ID)
		if v.Allow {
			v.More += "&allow=yes"
		}
	}
	return r.render("rules", v)
}

// rulesPath is the list that a form came from.
func rulesPath(allow bool) string {
	if allow {
		return "/flow/rules?allow=yes"
	}
	return "/flow/rules"
}

func (p *Page) addBoxRule(r *request) (reply, error) {
	rule := r.formRule(0)
	return p.addRule(r, rule, rulesPath(rule.Allow))
}

func (p *Page) removeBoxRule(r *request) (reply, error) {
	acc := store.AccountID(0)
	if owner := strings.TrimSpace(r.field("address")); owner != "" {
		one, err := r.named()
		if err != nil {
			return r.again("/flow/rules", err)
		}
		acc = one.ID
	}
	return p.removeRule(r, acc, rulesPath(r.field("allow") == "true"))
}

// ruleView is one rule.
type ruleView struct {
	store.Rule
	What string
}

// ownRulesShown is how many rules of an account its page shows.
const ownRulesShown = 200

// ownRules are the rules of one account.
func (p *Page) ownRules(r *request, acc store.AccountID) (views []ruleView, err error) {
	rules, err := p.Store.RulesOf(r.Context(), acc, ownRulesShown)
	for _, rule := range rules {
		views = append(views, ruleView{rule, r.ruleKind(rule.Kind)})
	}
	return views, err
}

// formRule is the rule that a form says, for an account or for all.
func (r *request) formRule(acc store.AccountID) store.Rule {
	who := strings.TrimPrefix(r.field("who"), "@")
	return store.Rule{Account: acc, Allow: r.field("do") == "allow", Kind: store.RuleKind(r.field("who"), r.field("host") != ""), Value: who}
}

func (p *Page) addOwnRule(r *request, acc store.Account, back string) (reply, error) {
	return p.addRule(r, r.formRule(acc.ID), back)
}

func (p *Page) removeOwnRule(r *request, acc store.Account, back string) (reply, error) {
	return p.removeRule(r, acc.ID, back)
}

// removeRule ends a rule of an account, or one for all.
func (p *Page) removeRule(r *request, acc store.AccountID, back string) (reply, error) {
	rule := store.Rule{Account: acc, Allow: r.field("allow") == "true", Kind: r.field("kind"), Value: r.field("value")}
	err := p.Store.RemoveRule(r.Context(), rule)
	if errors.Is(err, store.ErrNoRule) {
		err = fail("page_error_gone")
	}
	if err != nil {
		return r.again(back, err)
	}
	r.audit("rule-remove", "allow", rule.Allow, "kind", rule.Kind, "value", rule.Value)
	return r.back(back, "page_rule_removed", "who", rule.Value), nil
}

// addRule adds a rule and says so.
func (p *Page) addRule(r *request, rule store.Rule, back string) (reply, error) {
	kept, err := p.Store.AddRule(r.Context(), rule)
	if err != nil {
		return r.again(back, err)
	}
	r.audit("rule-add", "allow", kept.Allow, "kind", kept.Kind, "value", kept.Value)
	if kept.Allow {
		return r.back(back, "page_rule_allowed", "who", kept.Value), nil
	}
	return r.back(back, "page_rule_blocked", "who", kept.Value), nil
}
