package page

import (
	"net/netip"
	"strings"

	"buzon/internal/roster"
	"buzon/internal/store"
)

// showHere is who is logged in from where, and who is made to wait because of wrong passwords.
func (p *Page) showHere(r *request) (reply, error) {
	guarded, err := p.Store.GuardedNow(r.Context())
	if err != nil {
		return nil, err
	}
	v := p.here(r, "")
	v.Guarded = guarded[:min(len(guarded), listRows)]
	return r.render("here", v)
}

// releaseGuarded makes the guard forget the failures of an account, or of an address.
func (p *Page) releaseGuarded(r *request) (reply, error) {
	who := r.field("who")
	if prefix, err := netip.ParsePrefix(who); err == nil { // as the list shows networks
		who = prefix.Addr().String()
	}
	if who == "" {
		return nil, fail("page_error_form")
	}
	if _, err := p.Store.ReleaseGuarded(r.Context(), who); err != nil {
		return r.again("/people/here", err)
	}
	r.audit("guard-release", "who", who)
	return r.back("/people/here", "page_guard_released", "who", who), nil
}

func (p *Page) liveHere(r *request, show send) error {
	return r.follow(show, "here", "rows", nil, func() (any, error) { return p.here(r, ""), nil })
}

// rowView is the sessions of one device.
type rowView struct {
	roster.Row
	How string
}

// hereView is the sessions of one account, or of all.
type hereView struct {
	All     bool // shows whose they are
	Rows    []rowView
	Guarded []store.Guarded // of the page about all
}

func (p *Page) here(r *request, account string) hereView {
	v := hereView{All: account == ""}
	if p.Roster == nil {
		return v
	}
	list := p.Roster.List(account)
	for _, row := range list[:min(len(list), listRows)] {
		v.Rows = append(v.Rows, rowView{row, r.serviceWord(row.Service)})
	}
	return v
}

// serviceWord is what people call a service.
func (r *request) serviceWord(service string) string {
	if service == "submission" {
		return r.say("page_here_sending")
	}
	return strings.ToUpper(service) // IMAP, POP3
}
