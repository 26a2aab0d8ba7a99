package judge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"buzon/internal/finding"
	"buzon/internal/gate"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/verdict"
)

// File puts each account's copy where the decision wants it, with a line that says why.
func (j *Judge) File(ctx context.Context, d Decision, in *store.Incoming) error {
	for i := range in.Deliver {
		copy := &in.Deliver[i]
		why, known := d.Places[copy.Account]
		if !known {
			continue
		}
		copy.Prefix = append(copy.Prefix, why.Line()...)
		if why.Junk {
			var err error
			if copy.Mailbox, err = j.Store.JunkMailbox(ctx, copy.Account); err != nil {
				return err
			}
		}
	}
	return nil
}

// Worst is where the message goes and why, in one word for all accounts: junk anywhere counts.
func (d Decision) Worst() (w Why) {
	for _, why := range d.Places {
		if why.Junk || w.Cause == "" {
			w = why
		}
		if w.Junk {
			break
		}
	}
	return w
}

// Author is the sentence on whether the message is from whom it says; none where nobody looked, as with our own network's.
func (d Decision) Author() finding.Phrase {
	reasons := d.Verdict.Reasons()
	if len(reasons) == 0 || d.Verdict.DMARC.Result == "" {
		return finding.Phrase{}
	}
	args := make([]string, len(reasons[0].Args))
	for i, arg := range reasons[0].Args {
		args[i] = fmt.Sprint(arg)
	}
	return finding.Say(reasons[0].Key, args...)
}

// String is the decision for the log.
func (d Decision) String() string {
	var places []string
	for acc, why := range d.Places {
		text := why.text()
		if len(d.Places) > 1 {
			text = fmt.Sprintf("account %d: %s", acc, text)
		}
		places = append(places, text)
	}
	slices.Sort(places)
	return strings.Join(places, "; ")
}

// Accepted notes what the message teaches about who brought it, and what the daily reports count. The message is accepted
// by then, so what fails is logged.
func (j *Judge) Accepted(ctx context.Context, id string, g *gate.Session, d Decision) {
	if g != nil {
		g.Accepted(d.Outcome)
	}
	if err := j.count(ctx, d); err != nil {
		j.Log.Warn("cannot count for the reports of DMARC", "id", id, "err", err)
	}
	if err := j.keepReports(ctx, d); err != nil {
		j.Log.Info("a report could not be read", "id", id, "err", err)
	}
}

// count adds the message to what its author's domain is told tomorrow.
func (j *Judge) count(ctx context.Context, d Decision) error {
	rows := d.Verdict.Rows(d.from, j.Now())
	if len(rows) == 0 {
		return nil
	}
	counted := make([]store.DMARCRow, len(rows))
	for i, r := range rows {
		counted[i] = store.DMARCRow(r)
	}
	return j.Store.CountDMARC(ctx, counted)
}

// keepReports reads what others report of our domains, where the message is for who looks after one. Only what a domain
// signed is believed.
func (j *Judge) keepReports(ctx context.Context, d Decision) error {
	if !d.forOwner || d.Verdict.DMARC.Result != verdict.Pass {
		return nil
	}
	body := io.NewSectionReader(d.Body, 0, d.Body.Size())
	parsed, err := message.Parse(body, body.Size())
	if err != nil {
		return fmt.Errorf("parse message: %w", err)
	}
	reports, err := verdict.FindReports(ctx, body, &parsed.Root)
	if errors.Is(err, verdict.ErrNoReport) {
		return nil
	}
	failed := []error{err}
	for _, r := range reports {
		if own, err := j.Store.IsLocalDomain(ctx, r.Domain); err != nil || !own {
			failed = append(failed, err)
			continue
		}
		_, err := j.Store.AddReport(ctx, report(r))
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// report is one as the store keeps it.
func report(r verdict.Report) store.Report {
	kept := store.Report{Kind: r.Kind, Domain: r.Domain, Reporter: r.Reporter, Contact: r.Contact, Name: r.Name, From: r.From, Until: r.Until}
	for _, row := range r.Rows {
		kept.Rows = append(kept.Rows, store.ReportRow(row))
	}
	return kept
}
