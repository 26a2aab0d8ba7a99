package page

import (
	"errors"
	"net/http"

	"buzon/internal/login"
	"buzon/internal/store"
)

// What an account's owner does on their own page (/me), and an admin on the page of any account (/people/account): the same
// forms and the same handlers. whose says which account a request is about.
type whose func(*request) (store.Account, error)

// self is the account of who is logged in.
func (r *request) self() (store.Account, error) { return r.account, nil }

// ownHandler changes something of an account; back is the page with its form.
type ownHandler func(r *request, acc store.Account, back string) (reply, error)

// ownRoutes registers the forms below base.
func (p *Page) ownRoutes(m *routes, base string, who access, which whose) {
	forms := map[string]ownHandler{
		"/password": p.changePassword, "/name": p.changeName, "/app-password": p.makeAppPassword, "/revoke": p.revokeAppPassword,
		"/vacation": p.setVacation, "/vacation-off": p.endVacation, "/forward": p.setForward, "/forward-off": p.endForward,
		"/train": p.trainJunk, "/rule": p.addOwnRule, "/unrule": p.removeOwnRule, "/phone": p.makePhone,
	}
	for path, do := range forms {
		m.post(base+path, who, func(r *request) (reply, error) {
			acc, err := which(r)
			if err != nil {
				return r.again(base, err)
			}
			return do(r, acc, ownPath(base, acc))
		})
	}
}

// ownPath is the page that has the forms of an account.
func ownPath(base string, acc store.Account) string {
	if base == "/me" {
		return base
	}
	return accountPath(acc.Address)
}

func (p *Page) meRoutes(m *routes) {
	m.get("/me", people, p.showMe)
	m.get("/me/phone", people, p.showPhone)
	m.live("/live/me", people, p.liveMe)
	p.ownRoutes(m, "/me", people, (*request).self)
}

func (p *Page) showMe(r *request) (reply, error) {
	v, err := p.ownView(r, r.account, "/me")
	if err != nil {
		return nil, err
	}
	return r.render("me", v)
}

// liveMe is the own sessions.
func (p *Page) liveMe(r *request, show send) error {
	account := r.account.Address.String()
	return r.follow(show, "me", "rows", nil, func() (any, error) { return p.here(r, account), nil })
}

// ownView is all that there is to an account.
type ownView struct {
	store.Account
	Base     string // where the forms go
	Mine     bool   // on one's own page
	Apps     []store.AppPassword
	Vacation store.Vacation
	Away     bool // it has one
	Forward  string
	Keep     bool
	Junk     store.JunkStatus
	Rules    []ruleView
	Here     hereView
	Paused   string // why it may not send, "" where it may
	Domains  []store.Domain
}

func (p *Page) ownView(r *request, acc store.Account, base string) (v ownView, err error) {
	v = ownView{Account: acc, Base: base, Mine: base == "/me", Here: p.here(r, acc.Address.String())}
	if v.Apps, err = p.Store.AppPasswords(r.Context(), acc.Address); err != nil {
		return v, err
	}
	if v.Vacation, v.Away, err = p.Store.Vacation(r.Context(), acc.ID); err != nil {
		return v, err
	}
	f, found, err := p.Store.Forward(r.Context(), acc.ID)
	if err != nil {
		return v, err
	}
	if v.Keep = true; found {
		v.Forward, v.Keep = joinAddresses(f.Targets), f.Keep
	}
	if v.Junk, err = p.Store.JunkStatus(r.Context(), acc.ID); err != nil {
		return v, err
	}
	if v.Rules, err = p.ownRules(r, acc.ID); err != nil {
		return v, err
	}
	v.Paused, err = p.pausedWhy(r, acc.ID)
	return v, err
}

// pausedWhy is why an account may not send.
func (p *Page) pausedWhy(r *request, acc store.AccountID) (string, error) {
	paused, err := p.Store.PausedSending(r.Context())
	for _, one := range paused {
		switch {
		case one.Account != acc:
		case one.Reason == store.PauseBurst:
			return r.say("word_pause_burst"), nil
		default:
			return one.Reason, nil
		}
	}
	return "", err
}

// changePassword asks the owner for the password of now; an admin need not know it.
func (p *Page) changePassword(r *request, acc store.Account, back string) (reply, error) {
	own := acc.ID == r.account.ID
	if own {
		peer := login.Peer{Service: "page", Addr: r.from, TLS: r.TLS}
		_, err := p.Door.Owner(r.Context(), peer, acc.Address.String(), r.PostFormValue("current"))
		if errors.Is(err, login.ErrRefused) {
			return r.again(back, fail("page_error_current"))
		}
		if err != nil {
			return nil, err
		}
	}
	password, err := r.newPassword()
	if err == nil {
		err = p.Store.SetPassword(r.Context(), acc.Address, password)
	}
	if err != nil {
		return r.again(back, err)
	}
	r.audit("password", "account", acc.Address)
	if own { // all sessions of the old password are over, and this one goes on with the new
		if err := r.renew(acc); err != nil {
			return nil, err
		}
	}
	return r.back(back, "page_password_changed", "address", acc.Address), nil
}

// renew begins a session under the password of now.
func (r *request) renew(acc store.Account) error {
	_, stamp, found, err := r.page.Store.Owner(r.Context(), acc.ID)
	if err != nil || !found {
		return errors.Join(err, http.ErrNoCookie)
	}
	r.begin(acc.ID, stamp, false)
	return nil
}

func (p *Page) changeName(r *request, acc store.Account, back string) (reply, error) {
	if err := p.Store.SetName(r.Context(), acc.Address, r.field("name")); err != nil {
		return r.again(back, err)
	}
	r.audit("account-name", "account", acc.Address)
	return r.back(back, "page_saved"), nil
}

// makeAppPassword makes a password for one device, which the next page shows once.
func (p *Page) makeAppPassword(r *request, acc store.Account, back string) (reply, error) {
	name := r.field("device")
	secret, err := p.Store.AddAppPassword(r.Context(), acc.Address, name)
	if err != nil {
		return r.again(back, err)
	}
	r.audit("app-password-add", "account", acc.Address, "device", name)
	return r.back(back, "page_app_made", "name", name, "secret", secret), nil
}

func (p *Page) revokeAppPassword(r *request, acc store.Account, back string) (reply, error) {
	name := r.field("device")
	if err := p.Store.RemoveAppPassword(r.Context(), acc.Address, name); err != nil {
		if errors.Is(err, store.ErrNoAppPassword) {
			err = fail("page_error_gone")
		}
		return r.again(back, err)
	}
	r.audit("app-password-remove", "account", acc.Address, "device", name)
	return r.back(back, "page_app_revoked", "name", name), nil
}
