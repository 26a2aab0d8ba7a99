package page

import (
	"errors"
	"net"
	"strconv"

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
