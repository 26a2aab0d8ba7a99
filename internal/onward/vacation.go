package onward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"buzon/internal/message"
	"buzon/internal/report"
	"buzon/internal/store"
)

// answerEvery is how long somebody who was answered gets no other answer: RFC 3834 §2 suggests seven days.
const answerEvery = 7 * 24 * time.Hour

// answer sends the answers of people who are away (RFC 3834).
func (d *Desk) answer(ctx context.Context, p Plan) error {
	var facts *report.Facts // read once, if anybody is away at all
	var failed []error
	for _, r := range p.mail.To {
		for _, acc := range r.Found.Local {
			due, err := d.Store.VacationDue(ctx, acc.ID, p.mail.From, d.Now(), answerEvery)
			if err != nil || !due {
				failed = append(failed, err)
				continue
			}
			if facts == nil {
				f, err := report.ReadFacts(p.mail.Body, p.mail.Body.Size())
				if err != nil {
					return err
				}
				facts = &f
			}
			failed = append(failed, d.answerFor(ctx, p, acc, r.Address, *facts))
		}
	}
	return errors.Join(failed...)
}

// answerFor answers for an account to which the message came by an address.
func (d *Desk) answerFor(ctx context.Context, p Plan, acc store.Account, by message.Address, facts report.Facts) error {
	if !report.Answerable(facts, p.mail.From, []message.Address{acc.Address, by}) {
		return nil
	}
	v, found, err := d.Store.Vacation(ctx, acc.ID)
	if err != nil || !found {
		return err
	}
	mail, err := report.Vacation{
		Language: d.Store.Settings().Language, From: by, To: p.mail.From,
		Subject: v.Subject, Text: v.Text, Now: d.Now(), Facts: facts,
	}.Mail()
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	now := d.Now()
	in := store.Incoming{
		LogID:    p.mail.ID,
		Answered: &store.VacationAnswer{Account: acc.ID, To: p.mail.From, Since: now.Add(-answerEvery)},
	}
	err = d.send(ctx, in, mail, by.Domain, p.mail.From)
	if errors.Is(err, store.ErrAnswered) {
		return nil
	}
	if err == nil {
		d.Log.Info("answered for who is away", "id", p.mail.ID, "account", acc.Address, "to", p.mail.From)
	}
	return err
}
