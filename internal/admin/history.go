package admin

import (
	"context"
	"fmt"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type historyCommand struct {
	Address string `arg:"" optional:"" help:"arg_history_address"`
	JSON    bool   `help:"flag_json"`
}

type historyItem struct {
	At       time.Time `json:"at"`
	From     string    `json:"from"` // "" is the null sender
	To       string    `json:"to"`
	Fate     string    `json:"fate"` // delivered, relayed, deferred, failed or dropped
	Reply    string    `json:"reply"`
	Host     string    `json:"host"` // who said it
	TLS      string    `json:"tls"`  // "" is unencrypted, or nobody was spoken to
	Attempts int       `json:"attempts"`
	Queued   time.Time `json:"queued"`
	Log      string    `json:"log"` // id in the log
}

// Run tells what became of what was sent in the last 30 days, the newest first.
func (cmd *historyCommand) Run(ctx context.Context, d *Desk) error {
	var query store.HistoryQuery
	if cmd.Address != "" {
		acc, err := d.accountItself(ctx, cmd.Address)
		if err != nil {
			return err
		}
		query.Account = acc.ID
	} else if _, err := d.store(ctx); err != nil {
		return err
	}
	each := func(give func(historyItem) error) error { return eachHandled(ctx, d.st, query, give) }
	if cmd.JSON {
		return cli.Stream(d.Console, true, each, "", "", nil)
	}
	any := false
	err := each(func(i historyItem) error {
		any = true
		d.tellHandled(i)
		return ctx.Err()
	})
	if err == nil && !any {
		d.Note("none_history")
	}
	return err
}

// eachHandled gives all pages of the history.
func eachHandled(ctx context.Context, st *store.Store, query store.HistoryQuery, give func(historyItem) error) error {
	for {
		page, err := st.History(ctx, query)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, h := range page {
			err := give(historyItem{
				At: h.At.UTC(), From: h.From.String(), To: h.To.String(), Fate: h.Fate.String(), Reply: replyText(h.Reply),
				Host: h.Host, TLS: h.TLS, Attempts: h.Attempts, Queued: h.Queued.UTC(), Log: h.LogID,
			})
			if err != nil {
				return err
			}
			query.BeforeID = h.ID
		}
	}
}

// tellHandled is one line of history in plain language, and below it the words of the other side.
func (d *Desk) tellHandled(i historyItem) {
	encryption := i.TLS
	if encryption == "" {
		encryption = d.Say("word_unencrypted")
	}
	d.Println("history_line", "time", moment(i.At), "from", d.sender(i.From), "to", plain(i.To),
		"what", d.Say(historyKey(i), "host", plain(i.Host), "tls", encryption, "attempts", i.Attempts))
	if i.Reply != "" {
		fmt.Fprint(d.Out, "    ")
		d.tellSaid(i.Host, i.Reply)
	}
}

// historyKey is the sentence for people.
func historyKey(i historyItem) string {
	switch i.Fate {
	case "delivered":
		return "history_delivered"
	case "relayed":
		return "history_relayed"
	case "deferred":
		return "history_deferred"
	case "failed":
		return "history_failed"
	}
	return "history_dropped"
}
