package page

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"buzon/internal/message"
	"buzon/internal/outbound"
	"buzon/internal/relays"
	"buzon/internal/store"
)

func (p *Page) flowRoutes(m *routes) {
	m.get("/flow", admins, p.showFlow)
	m.live("/live/flow", admins, p.liveTrial)
	m.post("/flow/relay", admins, p.setRelay)
	m.post("/flow/unrelay", admins, p.removeRelay)
	m.post("/flow/test", admins, p.testRelays)
	m.get("/flow/rules", admins, p.showRules)
	m.post("/flow/rule", admins, p.addBoxRule)
	m.post("/flow/unrule", admins, p.removeBoxRule)
}

// flowView is how mail comes in and goes out.
type flowView struct {
	Way      string
	Out      []settingView // settings of what goes out
	In       []settingView // and of what comes in
	Relays   []relayView
	Presets  []outbound.Preset
	Forwards []store.Forward
	Trial    trialView
}

// relayView is one relay, without its password.
type relayView struct{ Address, TLS, User, For string }

func (p *Page) showFlow(r *request) (reply, error) {
	list, err := p.Store.Relays(r.Context())
	if err != nil {
		return nil, err
	}
	var s status
	if err := p.readWay(r, &s); err != nil {
		return nil, err
	}
	v := flowView{Way: s.Way, Presets: outbound.Presets(), Trial: p.trial(r)}
	for _, one := range list {
		v.Relays = append(v.Relays, relayView{relayText(one), one.TLS, one.User, one.For})
	}
	if v.Forwards, err = p.Store.Forwards(r.Context()); err != nil {
		return nil, err
	}
	v.Forwards = v.Forwards[:min(len(v.Forwards), listRows)]
	v.Out = r.someSettings("/flow", "send.way")
	v.In = r.someSettings("/flow", "receive.greylist", "receive.slow-strangers", "receive.block-lists", "receive.block-points")
	return r.render("flow", v)
}

func relayText(r store.Relay) string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }

// setRelay adds a relay or changes it.
func (p *Page) setRelay(r *request) (reply, error) {
	relay, preset, err := relays.Complete(relays.Wish{
		Relay: r.field("relay"), TLS: r.field("tls"), User: r.field("user"), For: r.field("for"), OAuth: r.field("oauth") != "", Force: r.field("force") != "",
	})
	if err != nil {
		return r.again("/flow", relayProblem(err))
	}
	if relay.Password = r.PostFormValue("password"); relay.User != "" && relay.Password == "" {
		return r.again("/flow", fail("page_error_relay_password"))
	}
	if err := p.Store.SetRelay(r.Context(), relay); err != nil {
		return r.again("/flow", err)
	}
	r.audit("relay-set", "relay", relayText(relay), "for", relay.For)
	said := "page_relay_set"
	if preset.OwnOnly {
		said = "page_relay_set_own"
	}
	return r.back("/flow", said, "relay", relayText(relay)), nil
}

// relayProblem puts what is wrong with a relay in words.
func relayProblem(err error) error {
	for _, known := range []struct {
		err error
		key string
	}{
		{relays.ErrHost, "page_error_relay_host"}, {relays.ErrTLS, "page_error_form"}, {relays.ErrFor, "page_error_domain"},
		{relays.ErrUser, "page_error_relay_user"}, {relays.ErrPlain, "page_error_relay_plain"},
	} {
		if errors.Is(err, known.err) {
			return fail(known.key)
		}
	}
	return err
}

func (p *Page) removeRelay(r *request) (reply, error) {
	host, port, err := relays.Address(r.field("relay"))
	if err == nil {
		err = p.Store.RemoveRelay(r.Context(), host, port, r.field("for"))
	}
	if errors.Is(err, store.ErrNoRelay) || errors.Is(err, relays.ErrHost) {
		err = fail("page_error_gone")
	}
	if err != nil {
		return r.again("/flow", err)
	}
	r.audit("relay-remove", "relay", r.field("relay"), "for", r.field("for"))
	return r.back("/flow", "page_relay_removed", "relay", r.field("relay")), nil
}

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

// rulesView is a page of who is kept out, or let in.
type rulesView struct {
	Allow bool
	Rules []ruleView
	More  string
}

func (p *Page) showRules(r *request) (reply, error) {
	v := rulesView{Allow: r.FormValue("allow") == "yes"}
	list, err := p.Store.RulesPage(r.Context(), v.Allow, r.number("from"), listRows)
	if err != nil {
		return nil, err
	}
	for _, rule := range list {
		v.Rules = append(v.Rules, ruleView{rule, r.ruleKind(rule.Kind)})
	}
	if len(list) == listRows {
		v.More = "/flow/rules?from=" + itoa(list[len(list)-1].ID)
		if v.Allow {
			v.More += "&allow=yes"
		}
	}
	return r.render("rules", v)
}

// rulesPath is the list that a form came from.
func rulesPath(allow bool) string {
	if allow {
		return "/flow/rules?allow=yes"
	}
	return "/flow/rules"
}

func (p *Page) addBoxRule(r *request) (reply, error) {
	rule := r.formRule(0)
	return p.addRule(r, rule, rulesPath(rule.Allow))
}

func (p *Page) removeBoxRule(r *request) (reply, error) {
	acc := store.AccountID(0)
	if owner := strings.TrimSpace(r.field("address")); owner != "" {
		one, err := r.named()
		if err != nil {
			return r.again("/flow/rules", err)
		}
		acc = one.ID
	}
	return p.removeRule(r, acc, rulesPath(r.field("allow") == "true"))
}
