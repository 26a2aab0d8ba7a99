package page

import (
	"context"
	"time"

	"buzon/internal/message"
	"buzon/internal/outbound"
	"buzon/internal/relays"
)

// trialStep is one thing that a test of the relays did.
type trialStep struct {
	Relay string
	outbound.Step
}

// trialView is such a test, in words.
type trialView struct {
	Able, Running bool
	Steps         []stepSaid
	Problem       string
}

type stepSaid struct {
	Relay, Said, Wrong string
}

func (p *Page) trial(r *request) trialView {
	state := p.trying.now()
	v := trialView{Able: p.Sending != nil, Running: state.Running, Problem: state.Problem}
	for _, s := range state.Said {
		detail := s.Detail
		if s.Err != nil {
			detail = "…" // the problem says it
		}
		v.Steps = append(v.Steps, stepSaid{s.Relay, r.say(s.Key, "detail", detail), relays.Why(s.Err)})
	}
	return v
}

func (p *Page) liveTrial(r *request, show send) error {
	bell, stop := p.trying.watch()
	defer stop()
	return r.follow(show, "flow", "trial", bell, func() (any, error) { return flowView{Trial: p.trial(r)}, nil })
}

// trialTime is for all relays together.
const trialTime = 5 * time.Minute

// testRelays sends a mail through each relay that mail to an address might take, until one takes it.
func (p *Page) testRelays(r *request) (reply, error) {
	to, err := r.address("to")
	if err != nil || p.Sending == nil {
		return r.again("/flow", problemOr(err, fail("page_error_ours")))
	}
	list, err := relays.To(r.Context(), p.Store, to.Domain)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return r.again("/flow", fail("page_error_no_relays"))
	}
	from := r.account.Address
	if p.trying.start(p, trialTime, func(ctx context.Context, say func(trialStep)) string { return p.tryAll(ctx, r, list, from, to, say) }) {
		r.audit("relay-test", "to", to)
	}
	return r.redirect("/flow#trial"), nil
}

func (p *Page) tryAll(ctx context.Context, r *request, list []outbound.Relay, from, to message.Address, say func(trialStep)) string {
	for _, relay := range list {
		body := relays.TestMail(r.words, from, to, p.Now())
		steps := p.Sending.Sender.TellRelay(ctx, relay, from, to, body, func(s outbound.Step) { say(trialStep{relay.Host, s}) })
		if len(steps) > 0 && steps[len(steps)-1].Err == nil {
			return ""
		}
	}
	return r.say("page_error_relay_test", "address", to)
}
