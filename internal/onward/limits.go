package onward

import (
	"context"
	"fmt"

	"buzon/internal/message"
	"buzon/internal/report"
	"buzon/internal/store"
)

// A burst in which nearly everybody is a stranger is how a stolen password is used, and not how people write. A person who
// invites everybody he knows to a feast stays below it: those are correspondents, or few messages with many recipients.
const (
	burstMessages  = 20 // within ten minutes
	burstStrangers = 40 // new correspondents within the same
)

// allow holds an account to what a person sends: the limits keep a stolen password from ruining the domain's name.
func (d *Desk) allow(ctx context.Context, acc store.Account, to []message.Address) error {
	settings := d.Store.Settings()
	sent, err := d.Store.Sending(ctx, acc.ID, to, d.Now())
	switch {
	case err != nil:
		return fmt.Errorf("look at what was sent: %w", err)
	case sent.Paused != "":
		return refuse(550, 5, 7, 1, "Sending is paused for this account, because too much was sent at once; the owner of this server can resume it")
	case sent.LastMinutes >= burstMessages && sent.NewLastMinutes+sent.New >= burstStrangers:
		return d.pause(ctx, acc)
	case settings.SentPerDay > 0 && sent.Today >= settings.SentPerDay:
		return refuse(452, 4, 7, 1, fmt.Sprintf("This account has sent %d messages within a day, which is the most; please try again later", sent.Today))
	case settings.NewPerDay > 0 && sent.New > 0 && sent.NewToday+sent.New > settings.NewPerDay:
		return refuse(452, 4, 7, 1, fmt.Sprintf("This account has written to %d new addresses within a day, and %d is the most; please try again later",
			sent.NewToday, settings.NewPerDay))
	}
	return nil
}

// pause ends the account's sending until its owner has looked, and tells the owner.
func (d *Desk) pause(ctx context.Context, acc store.Account) error {
	if err := d.Store.PauseSending(ctx, acc.ID, store.PauseBurst); err != nil {
		return fmt.Errorf("pause sending: %w", err)
	}
	d.Log.Warn("paused sending", "account", acc.Address, "reason", store.PauseBurst)
	if err := d.tellOwner(ctx, acc); err != nil {
		d.Log.Error("cannot tell the owner", "account", acc.Address, "err", err)
	}
	return refuse(550, 5, 7, 1, "Too much was sent at once to new addresses; sending is paused for this account until the owner of this server resumes it")
}

// tellOwner writes to whoever set the box up, wherever that mail goes, and to the account itself.
func (d *Desk) tellOwner(ctx context.Context, acc store.Account) error {
	owner := message.Address{Local: "postmaster", Domain: acc.Address.Domain}
	notice, err := report.Paused{
		Language: d.Store.Settings().Language, Host: d.Name(), Account: acc.Address,
		From: d.robot(acc.Address.Domain), To: owner, Now: d.Now(),
	}.Mail()
	if err != nil {
		return err
	}
	in := store.Incoming{Deliver: []store.Delivery{{Account: acc.ID}}}
	return d.send(ctx, in, notice, acc.Address.Domain, owner)
}

// robot is who speaks for the box in a domain of ours.
func (d *Desk) robot(domain string) message.Address {
	return message.Address{Local: "postmaster", Domain: domain}
}

func refuse(code, class, subject, detail int, text string) *message.Reply {
	return &message.Reply{Code: code, Enhanced: [3]int{class, subject, detail}, Text: text}
}
