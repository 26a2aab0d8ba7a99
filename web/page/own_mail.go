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
