package page

import (
	"context"
	"errors"
	"strings"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

func joinAddresses(list []message.Address) string { return strings.Join(addressTexts(list), ", ") }

// day reads a day of the form as 2026-12-24, in the time of this machine, and goes so many days further. Nothing is no day.
func (r *request) day(field string, further int) (time.Time, error) {
	if r.field(field) == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, r.field(field), time.Local)
	if err != nil {
		return t, fail("page_error_date")
	}
	return t.AddDate(0, 0, further), nil
}

func (p *Page) setVacation(r *request, acc store.Account, back string) (reply, error) {
	v := store.Vacation{Account: acc.ID, Subject: r.field("subject"), Text: strings.ReplaceAll(r.field("text"), "\r\n", "\n")}
	var err error
	if v.From, err = r.day("from", 0); err == nil {
		v.Until, err = r.day("until", 1) // the day itself is one of the vacation
	}
	if err == nil {
		err = p.Store.SetVacation(r.Context(), v)
	}
	if errors.Is(err, store.ErrBadName) {
		err = fail("page_error_vacation")
	}
	if err != nil {
		return r.again(back, err)
	}
	r.audit("vacation-set", "account", acc.Address)
	return r.back(back, "page_vacation_set"), nil
}

func (p *Page) endVacation(r *request, acc store.Account, back string) (reply, error) {
	if err := p.Store.RemoveVacation(r.Context(), acc.ID); err != nil && !errors.Is(err, store.ErrNoVacation) {
		return nil, err
	}
	r.audit("vacation-off", "account", acc.Address)
	return r.back(back, "page_vacation_off"), nil
}

func (p *Page) setForward(r *request, acc store.Account, back string) (reply, error) {
	targets, err := r.addresses("targets")
	if err == nil {
		err = p.Store.SetForward(r.Context(), store.Forward{Account: acc.ID, Targets: targets, Keep: r.field("keep") == "yes"})
	}
	if errors.Is(err, store.ErrBadName) {
		err = fail("page_error_forward")
	}
	if err != nil {
		return r.again(back, err)
	}
	r.audit("forward-set", "account", acc.Address)
	return r.back(back, "page_forward_set", "targets", joinAddresses(targets)), nil
}

func (p *Page) endForward(r *request, acc store.Account, back string) (reply, error) {
	if err := p.Store.RemoveForward(r.Context(), acc.ID); err != nil && !errors.Is(err, store.ErrNoForward) {
		return nil, err
	}
	r.audit("forward-remove", "account", acc.Address)
	return r.back(back, "page_forward_off"), nil
}

// firstDay is a day as a form has it.
func firstDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateOnly)
}

// lastDay is the last day before t.
func lastDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return firstDay(t.Add(-time.Second))
}

// trainTime is how long the filter may learn from the mail that is there.
const trainTime = 30 * time.Minute

// trainJunk begins to teach the filter the mail that is there. It goes on when the browser is gone, one account at a time.
func (p *Page) trainJunk(r *request, acc store.Account, back string) (reply, error) {
	if !p.training.CompareAndSwap(false, true) {
		return r.again(back, fail("page_error_training"))
	}
	r.audit("junk-train", "account", acc.Address)
	p.background(func() {
		ctx, cancel := context.WithTimeout(p.ctx, trainTime)
		defer cancel()
		defer p.training.Store(false)
		if err := p.Store.LearnJunk(ctx, acc.ID, nil); err != nil && p.ctx.Err() == nil {
			p.Log.Error("the filter could not learn", "account", acc.Address, "err", err)
		}
	})
	return r.back(back, "page_junk_training"), nil
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
	return store.Rule{Account: acc, Allow: r.field("do") == "allow", Kind: ruleKind(r.field("who"), r.field("host") != ""), Value: who}
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
