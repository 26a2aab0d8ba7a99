package page

import (
	"errors"
	"net/http"

	"buzon/internal/login"
)

func (p *Page) loginRoutes(m *routes) {
	m.get("/login", everybody, p.showLogin)
	m.post("/login", everybody, p.logIn)
	m.post("/logout", people, p.logOut)
	m.post("/language", everybody, p.switchLanguage)
}

// admit looks whether the person may come to a page; a reply is what they get instead.
func (r *request) admit(who access) (reply, error) {
	if err := r.findSession(); err != nil {
		return nil, err
	}
	switch {
	case who == everybody: // forms here change nothing for who is logged in; the guard looked at their origin
		return nil, nil
	case r.session == nil && who == unclaimed && !r.page.Claimed():
		return nil, nil
	case who == unclaimed && r.session == nil:
		return r.redirect("/"), nil
	case r.session == nil || r.session.setup && who != unclaimed:
		return r.redirect("/login"), nil
	case who == admins && !r.account.Admin:
		return r.status(http.StatusForbidden, "page_error_admins"), nil
	case who == admins && !r.mayAdminister():
		return r.status(http.StatusForbidden, "page_error_home"), nil
	case r.Method == http.MethodPost && !r.rightToken():
		return r.status(http.StatusForbidden, "page_error_token"), nil
	}
	return nil, nil
}

// mayAdminister tells whether an admin may do so from where they are.
func (r *request) mayAdminister() bool {
	return r.page.Home(r.from) || r.secure && r.page.Store.Settings().PageAnywhere
}

// showLogin is the form.
func (p *Page) showLogin(r *request) (reply, error) {
	if r.session != nil && !r.session.setup || !p.Claimed() {
		return r.redirect("/"), nil
	}
	some, err := p.Store.HasAccounts(r.Context())
	if err != nil {
		return nil, err
	}
	return r.render("login", loginForm{Nobody: !some})
}

// loginForm is what stands in the form, and what was wrong with it.
type loginForm struct {
	Address string
	Problem string
	Nobody  bool // has an account: the domain came by the command line, and so must they
}

// logIn takes the account's own password: app passwords are for programs, and must not open the page that makes them.
func (p *Page) logIn(r *request) (reply, error) {
	form := loginForm{Address: r.field("address")}
	peer := login.Peer{Service: "page", Addr: r.from, TLS: r.TLS}
	acc, err := p.Door.Owner(r.Context(), peer, form.Address, r.PostFormValue("password"))
	switch {
	case errors.Is(err, login.ErrRefused):
		form.Problem = r.say("page_login_refused")
		return r.renderStatus(http.StatusForbidden, "login", form)
	case err != nil:
		return nil, err
	}
	_, stamp, found, err := p.Store.Owner(r.Context(), acc.ID)
	if err != nil || !found {
		return nil, errors.Join(err, login.ErrUnavailable)
	}
	r.begin(acc.ID, stamp, false)
	r.account = acc
	r.audit("log-in")
	return r.redirect("/"), nil
}

func (p *Page) logOut(r *request) (reply, error) {
	r.audit("log-out")
	r.endSession()
	return r.redirect("/login"), nil
}
