package page

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"buzon/internal/message"
	"buzon/internal/store"
)

// youData is the form of the first person. The passwords are typed again.
type youData struct {
	setup
	Name, Address string
	Problem       string
	Least         int // characters of a password
}

// showYou is the form, for whoever holds the claim code.
func (p *Page) showYou(r *request) (reply, error) {
	if !r.mayBegin() {
		return r.redirect("/setup"), nil
	}
	return p.youForm(r, http.StatusOK, youData{})
}

// mayBegin tells whether somebody who holds the claim code is about to make the first account.
func (r *request) mayBegin() bool { return r.session != nil && r.session.setup && !r.page.Claimed() }

func (p *Page) youForm(r *request, status int, d youData) (reply, error) {
	var err error
	if d.setup, err = r.setupAt(stepYou); err != nil {
		return nil, err
	}
	d.Least = minPassword
	return r.renderStatus(status, "setup_you", d)
}

// takeYou makes the domain and the account, and logs its owner in. What is not right comes back with what was typed.
func (p *Page) takeYou(r *request) (reply, error) {
	if !r.mayBegin() {
		return r.redirect("/setup"), nil
	}
	acc, err := p.beginBox(r)
	if errors.Is(err, store.ErrExists) { // somebody was quicker
		return r.redirect("/setup"), nil
	}
	if sentence := r.sentence(err); sentence != "" {
		d := youData{Name: r.field("name"), Address: r.field("address"), Problem: sentence}
		return p.youForm(r, http.StatusUnprocessableEntity, d)
	}
	if err != nil {
		return nil, err
	}
	_, stamp, found, err := p.Store.Owner(r.Context(), acc.ID)
	if err != nil || !found {
		return nil, errors.Join(err, store.ErrNoAccount)
	}
	r.begin(acc.ID, stamp, false)
	r.account = acc
	r.audit("begin")
	return r.redirect(stepPath(stepLine)), nil
}

// beginBox is all that makes a box somebody's. Whoever leaves in the middle finds all of it or nothing; what follows the
// store's transaction is made up for at every start.
func (p *Page) beginBox(r *request) (store.Account, error) {
	first, err := r.newcomer()
	if err != nil {
		return store.Account{}, err
	}
	ctx := context.WithoutCancel(r.Context())
	acc, err := p.Store.Begin(ctx, first)
	if err != nil {
		return acc, err
	}
	if p.Claim != nil {
		p.Claim.Done()
	}
	if err := p.Keys.EnsureKeys(ctx, acc.Address.Domain); err != nil {
		p.Log.Error("the keys of the domain are not made yet", "domain", acc.Address.Domain, "err", err)
	}
	return acc, nil
}

// newcomer is the first person as the form has them.
func (r *request) newcomer() (store.First, error) {
	f := store.First{Name: r.field("name"), Language: r.words.Lang, Next: stepLine}
	var err error
	if f.Address, err = ownAddress(r.field("address")); err != nil {
		return f, err
	}
	f.Host = "mail." + f.Address.Domain
	f.Password, err = r.newPassword()
	return f, err
}

// ownAddress is an address at a domain that can be somebody's own.
func ownAddress(text string) (message.Address, error) {
	a, err := message.ParseAddress(strings.TrimSuffix(text, "."))
	switch {
	case !strings.Contains(text, "@"):
		return a, fail("page_setup_address_half", "text", text)
	case err != nil || a.Domain == "" || strings.HasPrefix(a.Domain, "["):
		return a, fail("page_setup_address_bad", "text", text)
	case !strings.Contains(a.Domain, "."), strings.HasSuffix(a.Domain, ".local"):
		return a, fail("page_setup_address_house", "domain", a.Domain)
	case freeMail(a.Domain):
		return a, fail("page_setup_address_free", "domain", a.Domain)
	}
	return a, nil
}
