package page

import (
	"context"
	"errors"

	"buzon/internal/relays"
	"buzon/internal/store"
)

// lineRelay is the form of a relay, and those that there are.
type lineRelay struct {
	Presets            []presetView
	Have               []relayView
	Preset, Host, User string // as it was typed, when something was wrong
}

func (p *Page) lineRelay(r *request) (v lineRelay, err error) {
	typed := r.session.typed("relay")
	v.Preset, v.Host, v.User = typed["preset"], typed["host"], typed["user"]
	v.Presets = r.presets()
	list, err := p.Store.Relays(r.Context())
	for _, one := range list {
		v.Have = append(v.Have, relayView{relayText(one), one.TLS, one.User, one.For})
	}
	return v, err
}

// setupRelay is `buzon relay set`. A mistake comes back with what was typed, but the password.
func (p *Page) setupRelay(r *request) (reply, error) {
	where := r.field("preset")
	if where == "" {
		where = r.field("host")
	}
	relay, preset, err := relays.Complete(relays.Wish{Relay: where, User: r.field("user")})
	if err != nil {
		err = relayProblem(err)
	} else if relay.Password = r.PostFormValue("secret"); relay.User != "" && relay.Password == "" {
		err = fail("page_error_relay_password")
	} else {
		err = p.Store.SetRelay(r.Context(), relay)
	}
	if err != nil {
		r.session.keepTyped("relay", map[string]string{"preset": r.field("preset"), "host": r.field("host"), "user": r.field("user")})
		return r.again(stepPath(stepLine)+"#relay", err)
	}
	r.session.keepTyped("relay", nil)
	r.audit("relay-set", "relay", relayText(relay))
	said := "page_relay_set"
	if preset.OwnOnly {
		said = "page_relay_set_own"
	}
	return r.back(stepPath(stepLine), said, "relay", relayText(relay)), nil
}

// setupUnrelay is `buzon relay remove`. One that is gone already is gone.
func (p *Page) setupUnrelay(r *request) (reply, error) {
	host, port, err := relays.Address(r.field("relay"))
	if err != nil {
		return nil, relayProblem(err)
	}
	if err := p.Store.RemoveRelay(r.Context(), host, port, r.field("for")); err != nil && !errors.Is(err, store.ErrNoRelay) {
		return nil, err
	}
	r.audit("relay-remove", "relay", r.field("relay"))
	return r.back(stepPath(stepLine), "page_relay_removed", "relay", r.field("relay")), nil
}

// setupTestRelay is `buzon relay test`.
func (p *Page) setupTestRelay(r *request) (reply, error) {
	to, err := r.address("to")
	if err != nil || p.Sending == nil {
		return r.again(stepPath(stepLine), problemOr(err, fail("page_error_ours")))
	}
	list, err := relays.To(r.Context(), p.Store, to.Domain)
	if err == nil && len(list) == 0 {
		err = fail("page_error_no_relays")
	}
	if err != nil {
		return r.again(stepPath(stepLine), err)
	}
	from := r.account.Address
	if p.trying.start(p, trialTime, func(ctx context.Context, say func(trialStep)) string { return p.tryAll(ctx, r, list, from, to, say) }) {
		r.audit("relay-test", "to", to)
	}
	return r.redirect(stepPath(stepLine) + "#trial"), nil
}

func (p *Page) liveSetupTrial(r *request, show send) error {
	bell, stop := p.trying.watch()
	defer stop()
	return r.follow(show, "setup_line", "live_trial", bell, func() (any, error) { return lineData{Trial: p.trial(r)}, nil })
}
