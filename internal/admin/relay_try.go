package admin

import (
	"context"
	"time"

	"buzon/internal/cli"
	"buzon/internal/message"
	"buzon/internal/outbound"
	"buzon/internal/relays"
	"buzon/internal/store"
)

type relayTest struct {
	Address string `arg:"" help:"arg_relay_test"`
	JSON    bool   `help:"flag_json"`
}

// testStep is one thing that was done.
type testStep struct {
	Relay string `json:"relay"`
	Step  string `json:"step"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// Run sends a mail through each relay that mail to the address might take, in their order, until one takes it, and tells
// what happened.
func (cmd *relayTest) Run(ctx context.Context, d *Desk) error {
	to, err := address(cmd.Address)
	if err != nil {
		return err
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	from, err := firstAccount(ctx, st)
	if err != nil {
		return err
	}
	list, err := relays.To(ctx, st, to.Domain)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return cli.Fail("none_relays")
	}
	out, err := d.open.Sending(ctx, st)
	if err != nil {
		return err
	}
	body := relays.TestMail(d.Catalogue, from, to, time.Now())
	var steps []testStep
	taken := false
	for i := 0; i < len(list) && !taken; i++ {
		done := out.Sender.TestRelay(ctx, list[i], from, to, body)
		steps = append(steps, tellSteps(d, list[i], done)...)
		taken = len(done) > 0 && done[len(done)-1].Err == nil
	}
	if err := cli.List(d.Console, cmd.JSON, steps, "head_relay_test", "none_relays", testStep.row); err != nil {
		return err
	}
	if !taken {
		return cli.Fail("error_relay_test", "address", to)
	}
	d.Println("done_relay_test", "address", to)
	return nil
}

func (s testStep) row() []string {
	if s.OK {
		return []string{s.Relay, s.Step, ""}
	}
	return []string{s.Relay, s.Step, s.Error}
}

// firstAccount is who writes the mail of a test: whoever set the box up.
func firstAccount(ctx context.Context, st *store.Store) (message.Address, error) {
	accounts, err := st.Accounts(ctx)
	if err != nil {
		return message.Address{}, err
	}
	if len(accounts) == 0 {
		return message.Address{}, cli.Fail("none_accounts")
	}
	return accounts[0].Address, nil
}

// tellSteps puts the steps into the person's words.
func tellSteps(d *Desk, r outbound.Relay, steps []outbound.Step) []testStep {
	list := make([]testStep, len(steps))
	for i, s := range steps {
		detail := s.Detail
		if s.Err != nil {
			detail = "…" // the problem says it
		}
		list[i] = testStep{Relay: r.Host, Step: d.Say(s.Key, "detail", detail), OK: s.Err == nil, Error: relays.Why(s.Err)}
	}
	return list
}
