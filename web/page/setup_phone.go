package page

import "buzon/internal/store"

func (p *Page) setupPhoneRoutes(m *routes) {
	m.get("/setup/phone", admins, p.showSetupPhone)
	m.post("/setup/phone", admins, p.makeSetupPhone)
}

// phoneData is the three ways to set a device up, and those that are.
type phoneData struct {
	setup
	Links   bool // one-time links can be made
	Trusted bool // phones believe our certificate
	Domain  string
	Apps    []store.AppPassword
}

func (p *Page) showSetupPhone(r *request) (reply, error) {
	d := phoneData{Links: p.Links != nil, Trusted: p.Trusted(), Domain: r.account.Address.Domain}
	var err error
	if d.Apps, err = p.Store.AppPasswords(r.Context(), r.account.Address); err != nil {
		return nil, err
	}
	if d.setup, err = r.setupAt(stepPhone); err != nil {
		return nil, err
	}
	return r.render("setup_phone", d)
}

// makeSetupPhone prepares a device as one's own page does, and comes back here.
func (p *Page) makeSetupPhone(r *request) (reply, error) {
	return p.makePhone(r, r.account, stepPath(stepPhone))
}
