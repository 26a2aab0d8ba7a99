package admin

import (
	"context"
	"time"

	"buzon/internal/cli"
	"buzon/internal/doctor"
	"buzon/internal/finding"
)

type doctorCommand struct {
	Line bool `help:"flag_doctor_line"`
	JSON bool `help:"flag_json"`
}

// findingItem is one finding for programs; sentences are in the person's language.
type findingItem struct {
	Check   string    `json:"check"`
	Title   string    `json:"title"`
	Domain  string    `json:"domain"` // "" for the box
	Verdict string    `json:"verdict"`
	Code    string    `json:"code"` // of the reason, for programs
	Reason  string    `json:"reason"`
	Cure    string    `json:"cure"` // "" where all is well
	At      time.Time `json:"at"`
}

// Run examines the box and tells each finding as it comes. The exit status is 1 where something fails; warnings, and what
// could not be found out, are 0.
func (cmd *doctorCommand) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	s, err := d.open.Sending(ctx, st)
	if err != nil {
		return err
	}
	doc := d.open.Doctor(st, s)
	examine := doc.Examine
	if cmd.Line {
		examine = doc.Line
	}
	var found []doctor.Finding
	if cmd.JSON {
		found, err = d.findingsJSON(ctx, examine)
	} else if found, err = examine(ctx, d.printFinding); err == nil {
		d.printLight(found)
	}
	if err != nil {
		return err
	}
	if failed := countOf(found, doctor.Fail); failed > 0 {
		return cli.Fail("doctor_some_failed", "count", failed)
	}
	return nil
}

func countOf(found []doctor.Finding, v doctor.Verdict) (n int) {
	for _, f := range found {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// examination is Doctor.Examine or Doctor.Line.
type examination func(ctx context.Context, tell func(doctor.Finding)) ([]doctor.Finding, error)

// findingsJSON writes an array, each finding as it comes.
func (d *Desk) findingsJSON(ctx context.Context, examine examination) (found []doctor.Finding, err error) {
	each := func(give func(findingItem) error) error {
		var broken error
		var err error
		found, err = examine(ctx, func(f doctor.Finding) {
			if broken == nil {
				broken = give(d.findingItem(f))
			}
		})
		if err == nil {
			err = broken
		}
		return err
	}
	err = cli.Stream(d.Console, true, each, "", "", nil)
	return found, err
}

func (d *Desk) findingItem(f doctor.Finding) findingItem {
	return findingItem{
		Check: f.Check, Title: doctor.Title(f.Check).In(d.Catalogue), Domain: f.Domain, Verdict: string(f.Verdict),
		Code: f.Reason.Key, Reason: f.Reason.In(d.Catalogue), Cure: f.Cure.In(d.Catalogue), At: f.At.UTC(),
	}
}

func (d *Desk) printFinding(f doctor.Finding) {
	words := map[finding.Verdict]string{
		finding.Pass: "doctor_verdict_pass", finding.Warn: "doctor_verdict_warn",
		finding.Fail: "doctor_verdict_fail", finding.Unknown: "doctor_verdict_unknown",
	}
	key := "doctor_line"
	if f.Domain != "" {
		key = "doctor_line_domain"
	}
	title := doctor.Title(f.Check).In(d.Catalogue)
	d.Println(key, "verdict", d.Say(words[f.Verdict]), "domain", f.Domain, "title", title, "reason", f.Reason.In(d.Catalogue))
	if cure := f.Cure.In(d.Catalogue); cure != "" {
		d.Println("doctor_line_cure", "cure", cure)
	}
}

// printLight sums up; what fails is said by the error of the command.
func (d *Desk) printLight(found []doctor.Finding) {
	switch warned := countOf(found, doctor.Warn); {
	case countOf(found, doctor.Fail) > 0:
	case warned > 0:
		d.Println("doctor_some_warn", "count", warned)
	default:
		d.Println("doctor_all_good")
	}
}
