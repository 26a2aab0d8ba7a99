package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type vacationCommands struct {
	Set  vacationSet  `cmd:"" help:"help_vacation_set"`
	Show vacationShow `cmd:"" help:"help_vacation_show"`
	Off  vacationOff  `cmd:"" help:"help_vacation_off"`
}

type vacationSet struct {
	Address string `arg:"" help:"arg_address"`
	Subject string `help:"flag_vacation_subject" placeholder:"word_text"`
	Text    string `help:"flag_vacation_text" placeholder:"word_text"`
	From    string `help:"flag_vacation_from" placeholder:"word_date"`
	Until   string `help:"flag_vacation_until" placeholder:"word_date"`
}

// maxVacation is the longest text that is read; the store takes less.
const maxVacation = 64 << 10 // octets

// Run sets the answer that everybody who writes to the account gets once a week.
func (cmd *vacationSet) Run(ctx context.Context, d *Desk) error {
	v := store.Vacation{Subject: cmd.Subject, Text: cmd.Text}
	var err error
	if v.From, err = date(cmd.From, 0); err != nil {
		return err
	}
	if v.Until, err = date(cmd.Until, 1); err != nil { // the day itself is one of the vacation
		return err
	}
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	if v.Text == "" {
		if v.Text, err = d.Text(ctx, "ask_vacation_text", maxVacation); err != nil {
			return err
		}
	}
	v.Account = acc.ID
	err = d.st.SetVacation(ctx, v)
	if errors.Is(err, store.ErrBadName) {
		return cli.Fail("error_vacation")
	}
	if err != nil {
		return explain(err, acc.Address)
	}
	d.Println("done_vacation_set", "address", acc.Address)
	return nil
}

// date reads a day as 2026-12-24, in the time of this machine, and goes so many days further. Nothing is no date.
func date(s string, further int) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, time.Local)
	if err != nil {
		return t, cli.Fail("error_date", "date", s)
	}
	return t.AddDate(0, 0, further), nil
}

type vacationShow struct {
	Address string `arg:"" help:"arg_address"`
	JSON    bool   `help:"flag_json"`
}

type vacationItem struct {
	Address string     `json:"address"`
	From    *time.Time `json:"from"`  // null is from the start
	Until   *time.Time `json:"until"` // not included; null is without end
	Subject string     `json:"subject"`
	Text    string     `json:"text"`
}

// Run shows an account's answer. Where there is none, a program gets null.
func (cmd *vacationShow) Run(ctx context.Context, d *Desk) error {
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	v, found, err := d.st.Vacation(ctx, acc.ID)
	switch {
	case err != nil:
		return err
	case !found && cmd.JSON:
		return d.JSON(nil)
	case !found:
		d.Note("none_vacation", "address", acc.Address)
		return nil
	case cmd.JSON:
		return d.JSON(vacationItem{acc.Address.String(), orNull(v.From), orNull(v.Until), v.Subject, v.Text})
	}
	d.Println("show_vacation", "address", acc.Address, "from", orDash(firstDay(v.From)), "until", orDash(lastDay(v.Until)), "subject", orDash(v.Subject))
	_, err = fmt.Fprintf(d.Out, "\n%s\n", strings.TrimRight(v.Text, "\r\n"))
	return err
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func firstDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return day(t)
}

// lastDay is the last day before t.
func lastDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return day(t.Add(-time.Second))
}

type vacationOff struct {
	Address string `arg:"" help:"arg_address"`
}

// Run ends the answering.
func (cmd *vacationOff) Run(ctx context.Context, d *Desk) error {
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	err = d.st.RemoveVacation(ctx, acc.ID)
	if errors.Is(err, store.ErrNoVacation) {
		return cli.Fail("error_no_vacation", "address", acc.Address)
	}
	if err != nil {
		return err
	}
	d.Println("done_vacation_off", "address", acc.Address)
	return nil
}
