package page

import (
	"net/url"
	"strings"

	"buzon/internal/config"
	"buzon/internal/message"
	"buzon/internal/store"
)

func (p *Page) peopleRoutes(m *routes) {
	m.get("/people", admins, p.showPeople)
	m.post("/people/add", admins, p.addAccount)
	m.get("/people/account", admins, p.showAccount)
	m.get("/people/remove", admins, p.askRemoveAccount)
	m.post("/people/remove", admins, p.removeAccount)
	m.post("/people/admin", admins, p.changeAdmin)
	m.post("/people/quota", admins, p.changeQuota)
	m.post("/people/resume", admins, p.resumeSending)
	m.get("/people/aliases", admins, p.showAliases)
	m.post("/people/alias", admins, p.addAlias)
	m.post("/people/unalias", admins, p.removeAlias)
	m.get("/people/here", admins, p.showHere)
	m.live("/live/here", admins, p.liveHere)
	m.post("/people/release", admins, p.releaseGuarded)
	p.ownRoutes(m, "/people", admins, (*request).named)
}

// listRows is how many accounts, aliases or domains a page shows.
const listRows = 100

// slice is one page of a list, and the address of the next.
func slice[T any](r *request, list []T) (page []T, more string) {
	from := min(int(r.number("from")), len(list))
	to := min(from+listRows, len(list))
	if to < len(list) {
		more = r.URL.Path + "?from=" + itoa(int64(to))
	}
	return list[from:to], more
}

// peopleView is the accounts.
type peopleView struct {
	Accounts []store.Account
	Domains  []store.Domain
	More     string
}

func (p *Page) showPeople(r *request) (reply, error) {
	accounts, err := p.Store.Accounts(r.Context())
	if err != nil {
		return nil, err
	}
	domains, err := p.Store.Domains(r.Context())
	if err != nil {
		return nil, err
	}
	v := peopleView{Domains: domains}
	v.Accounts, v.More = slice(r, accounts)
	return r.render("people", v)
}

// address is an address of the form.
func (r *request) address(field string) (message.Address, error) {
	a, err := message.ParseAddress(strings.TrimSpace(r.FormValue(field)))
	if err != nil || a.Domain == "" {
		return message.Address{}, fail("page_error_address", "address", r.FormValue(field))
	}
	return a, nil
}

// addAccount makes an account, and sets what the form says beyond that.
func (p *Page) addAccount(r *request) (reply, error) {
	a, err := r.address("address")
	if err != nil {
		return r.again("/people", err)
	}
	quota, err := r.size("quota")
	if err != nil {
		return r.again("/people", err)
	}
	password, err := r.newPassword()
	if err != nil {
		return r.again("/people", err)
	}
	if _, err := p.Store.AddAccount(r.Context(), a, password); err != nil {
		return r.again("/people", err)
	}
	r.audit("account-add", "account", a)
	if r.field("quota") != "" {
		err = p.Store.SetQuota(r.Context(), a, quota)
	}
	if name := r.field("name"); err == nil && name != "" {
		err = p.Store.SetName(r.Context(), a, name)
	}
	if err != nil {
		return r.again(accountPath(a), err)
	}
	return r.back(accountPath(a), "page_people_added", "address", a), nil
}

// size is a size of the form; nothing is 0, no limit.
func (r *request) size(field string) (int64, error) {
	if r.field(field) == "" {
		return 0, nil
	}
	n, err := config.ParseSize(r.field(field))
	if err != nil {
		return 0, fail("page_error_size", "size", r.field(field))
	}
	return n, nil
}

// accountPath is the page of an account.
func accountPath(a message.Address) string {
	return "/people/account?address=" + url.QueryEscape(a.String())
}

// named is the account that the address of a page or a form names.
func (r *request) named() (store.Account, error) {
	a, err := r.address("address")
	if err != nil {
		return store.Account{}, err
	}
	return r.page.Store.Account(r.Context(), a)
}

func (p *Page) showAccount(r *request) (reply, error) {
	acc, err := r.named()
	if err != nil {
		return nil, err
	}
	v, err := p.ownView(r, acc, "/people")
	if err != nil {
		return nil, err
	}
	return r.render("account", v)
}

func (p *Page) askRemoveAccount(r *request) (reply, error) {
	acc, err := r.named()
	if err != nil {
		return r.again("/people", err)
	}
	sentence := r.say("page_people_remove_sure", "address", acc.Address, "messages", acc.Messages, "size", octets(acc.Used))
	if last, err := p.Store.IsLastAdmin(r.Context(), acc.Address); err != nil || last {
		return r.again(accountPath(acc.Address), problemOr(err, store.ErrLastAdmin))
	}
	return r.ask(question{
		Sentence: sentence, Button: r.say("page_people_remove"), Action: "/people/remove", Back: accountPath(acc.Address),
		Fields: [][2]string{{"address", acc.Address.String()}},
	})
}

func problemOr(err, problem error) error {
	if err != nil {
		return err
	}
	return problem
}

func (p *Page) removeAccount(r *request) (reply, error) {
	acc, err := r.named()
	if err != nil {
		return r.again("/people", err)
	}
	if last, err := p.Store.IsLastAdmin(r.Context(), acc.Address); err != nil || last {
		return r.again(accountPath(acc.Address), problemOr(err, store.ErrLastAdmin))
	}
	if err := p.Store.RemoveAccount(r.Context(), acc.Address); err != nil {
		return r.again("/people", err)
	}
	r.audit("account-remove", "account", acc.Address)
	return r.back("/people", "page_people_removed", "address", acc.Address), nil
}

func (p *Page) changeAdmin(r *request) (reply, error) {
	acc, err := r.named()
	if err != nil {
		return r.again("/people", err)
	}
	admin := r.field("admin") == "yes"
	if err := p.Store.SetAdmin(r.Context(), acc.Address, admin); err != nil {
		return r.again(accountPath(acc.Address), err)
	}
	r.audit("account-admin", "account", acc.Address, "admin", admin)
	if admin {
		return r.back(accountPath(acc.Address), "page_people_admin", "address", acc.Address), nil
	}
	return r.back(accountPath(acc.Address), "page_people_no_admin", "address", acc.Address), nil
}

func (p *Page) changeQuota(r *request) (reply, error) {
	acc, err := r.named()
	if err != nil {
		return r.again("/people", err)
	}
	n, err := r.size("quota")
	if err == nil {
		err = p.Store.SetQuota(r.Context(), acc.Address, n)
	}
	if err != nil {
		return r.again(accountPath(acc.Address), err)
	}
	r.audit("account-quota", "account", acc.Address, "quota", n)
	return r.back(accountPath(acc.Address), "page_saved"), nil
}

func (p *Page) resumeSending(r *request) (reply, error) {
	acc, err := r.named()
	if err != nil {
		return r.again("/people", err)
	}
	if err := p.Store.ResumeSending(r.Context(), acc.ID); err != nil {
		return nil, err
	}
	r.audit("sending-resume", "account", acc.Address)
	return r.back(accountPath(acc.Address), "page_people_resumed", "address", acc.Address), nil
}
