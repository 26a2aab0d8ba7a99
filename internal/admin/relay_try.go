package admin

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/message"
	"buzon/internal/outbound"
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
	relays, err := relaysTo(ctx, st, to.Domain)
	if err != nil {
		return err
	}
	out, err := d.open.Sending(ctx, st)
	if err != nil {
		return err
	}
	body := testMail(d, from, to)
	var steps []testStep
	taken := false
	for i := 0; i < len(relays) && !taken; i++ {
		done := out.Sender.TestRelay(ctx, relays[i], from, to, body)
		steps = append(steps, tellSteps(d, relays[i], done)...)
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

// relaysTo are the relays for mail to a domain: its own, else those for all.
func relaysTo(ctx context.Context, st *store.Store, domain string) ([]outbound.Relay, error) {
	all, err := st.Relays(ctx)
	if err != nil {
		return nil, err
	}
	var own, others []outbound.Relay
	for _, r := range all {
		switch r.For {
		case domain:
			own = append(own, outbound.Relay(r))
		case "":
			others = append(others, outbound.Relay(r))
		}
	}
	if len(own) > 0 {
		return own, nil
	}
	if len(others) == 0 {
		return nil, cli.Fail("none_relays")
	}
	return others, nil
}

// testMail is a short mail in the person's language.
func testMail(d *Desk, from, to message.Address) *io.SectionReader {
	var b []byte
	b = message.AppendMailbox(b, "From", "", from, false)
	b = message.AppendMailbox(b, "To", "", to, false)
	b = message.AppendText(b, "Subject", d.Say("relay_test_subject"))
	b = message.AppendWords(b, "Date", message.FormatDate(time.Now()))
	b = message.AppendWords(b, "Message-ID", "<"+message.NewMessageID(from.Domain)+">")
	b = append(b, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"...)
	b = append(b, strings.ReplaceAll(d.Say("relay_test_text"), "\n", "\r\n")+"\r\n"...)
	return io.NewSectionReader(strings.NewReader(string(b)), 0, int64(len(b)))
}

// tellSteps puts the steps into the person's words.
func tellSteps(d *Desk, r outbound.Relay, steps []outbound.Step) []testStep {
	list := make([]testStep, len(steps))
	for i, s := range steps {
		detail := s.Detail
		if s.Err != nil {
			detail = "…" // the problem says it
		}
		list[i] = testStep{Relay: r.Host, Step: d.Say(s.Key, "detail", detail), OK: s.Err == nil, Error: whyNot(s.Err)}
	}
	return list
}

// whyNot is an error in a relay's words, where it had any.
func whyNot(err error) string {
	var reply *message.Reply
	switch {
	case err == nil:
		return ""
	case errors.As(err, &reply):
		return reply.Error()
	}
	return err.Error()
}
