package admin

import (
	"context"
	"strconv"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/store"
)

// queueSelection is which recipients a command is about.
type queueSelection struct {
	IDs    []string `arg:"" optional:"" name:"id" help:"arg_queue_ids"`
	Domain string   `help:"flag_queue_domain" placeholder:"word_domain"`
	All    bool     `help:"flag_queue_all"`
}

// selections are for the store, which takes one kind of name at a time: 17 is all of message 17, 17.1 its first recipient.
func (sel *queueSelection) selections() ([]store.Selection, error) {
	kinds := 0
	for _, given := range []bool{len(sel.IDs) > 0, sel.Domain != "", sel.All} {
		if given {
			kinds++
		}
	}
	if kinds != 1 {
		return nil, cli.Misuse("usage_queue_selection")
	}
	if sel.Domain != "" {
		name, err := domain(sel.Domain)
		return []store.Selection{{Domain: name}}, err
	}
	if sel.All {
		return []store.Selection{{All: true}}, nil
	}
	return sel.named()
}

func (sel *queueSelection) named() ([]store.Selection, error) {
	var jobs, envelopes store.Selection
	for _, id := range sel.IDs {
		if strings.Contains(id, ".") {
			job, err := store.ParseJobID(id)
			if err != nil {
				return nil, cli.Fail("error_queue_id", "id", id)
			}
			jobs.IDs = append(jobs.IDs, job)
			continue
		}
		e, err := envelopeID(id)
		if err != nil {
			return nil, err
		}
		envelopes.Envelopes = append(envelopes.Envelopes, e)
	}
	return []store.Selection{jobs, envelopes}, nil // an empty one selects nothing
}

// envelopeID reads the number of a message.
func envelopeID(s string) (store.EnvelopeID, error) {
	n, err := strconv.ParseInt(s, 10, 40) // the store has 43 bits for it
	if err != nil || n < 1 {
		return 0, cli.Fail("error_queue_id", "id", s)
	}
	return store.EnvelopeID(n), nil
}

// change does to all selected recipients what do does, and says done with their number.
func (sel *queueSelection) change(ctx context.Context, d *Desk, do func(*store.Store, store.Selection) (int64, error), done string) error {
	selections, err := sel.selections()
	if err != nil {
		return err
	}
	st := d.st
	if st == nil {
		if st, err = d.store(ctx); err != nil {
			return err
		}
	}
	total := int64(0)
	for _, s := range selections {
		n, err := do(st, s)
		if total += n; err != nil {
			return err
		}
	}
	if total == 0 && !sel.All {
		return cli.Fail("error_queue_nothing")
	}
	d.Println(done, "count", total)
	return nil
}

type queueRetry struct {
	queueSelection `embed:""`
}

// Run has recipients tried at once.
func (cmd *queueRetry) Run(ctx context.Context, d *Desk) error {
	return cmd.change(ctx, d, func(st *store.Store, sel store.Selection) (int64, error) { return st.RetryJobs(ctx, sel) }, "done_queue_retry")
}

type queueHold struct {
	queueSelection `embed:""`
}

// Run keeps recipients from being tried until they are released.
func (cmd *queueHold) Run(ctx context.Context, d *Desk) error {
	return cmd.change(ctx, d, func(st *store.Store, sel store.Selection) (int64, error) { return st.HoldJobs(ctx, sel) }, "done_queue_hold")
}

type queueRelease struct {
	queueSelection `embed:""`
}

// Run ends the holding.
func (cmd *queueRelease) Run(ctx context.Context, d *Desk) error {
	return cmd.change(ctx, d, func(st *store.Store, sel store.Selection) (int64, error) { return st.ReleaseJobs(ctx, sel) }, "done_queue_release")
}

type queueDrop struct {
	queueSelection `embed:""`
	Yes            bool `help:"flag_yes"`
}

// Run removes recipients from the queue; nobody is told but the history.
func (cmd *queueDrop) Run(ctx context.Context, d *Desk) error {
	if _, err := cmd.selections(); err != nil {
		return err
	}
	if _, err := d.store(ctx); err != nil {
		return err
	}
	if !cmd.Yes {
		if err := d.Confirm(ctx, "ask_queue_drop"); err != nil {
			return err
		}
	}
	return cmd.change(ctx, d, func(st *store.Store, sel store.Selection) (int64, error) { return st.DropJobs(ctx, sel) }, "done_queue_drop")
}
