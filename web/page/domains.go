package page

import (
	"errors"
	"net/url"
	"strings"

	"buzon/internal/message"
	"buzon/internal/store"
)

func (p *Page) domainRoutes(m *routes) {
	m.get("/domains", admins, p.showDomains)
	m.post("/domains/add", admins, p.addDomain)
	m.get("/domains/remove", admins, p.askRemoveDomain)
	m.post("/domains/remove", admins, p.removeDomain)
	m.get("/domains/records", admins, p.showRecords)
	m.live("/live/records", admins, p.liveRecords)
	m.post("/domains/rotate", admins, p.rotateKeys)
}

// domainsView is our domains.
type domainsView struct {
	Domains []store.Domain
	More    string
}

func (p *Page) showDomains(r *request) (reply, error) {
	all, err := p.Store.Domains(r.Context())
	if err != nil {
		return nil, err
	}
	var v domainsView
	v.Domains, v.More = slice(r, all)
	return r.render("domains", v)
}

// domain is the domain that a form or an address names, in the form of the store.
func (r *request) domain() (string, error) {
	a, err := message.ParseAddress("postmaster@" + strings.TrimSpace(r.FormValue("domain")))
	if err != nil {
		return "", fail("page_error_domain")
	}
	return a.Domain, nil
}

// ourDomain is one of ours.
func (r *request) ourDomain() (string, error) {
	name, err := r.domain()
	if err != nil {
		return "", err
	}
	ours, err := r.page.Store.IsLocalDomain(r.Context(), name)
	if err == nil && !ours {
		err = store.ErrNoDomain
	}
	return name, err
}

func recordsPath(domain string) string { return "/domains/records?domain=" + url.QueryEscape(domain) }

func (p *Page) addDomain(r *request) (reply, error) {
	name, err := r.domain()
	if err != nil {
		return r.again("/domains", err)
	}
	if err := p.Store.AddDomain(r.Context(), name); err != nil {
		return r.again("/domains", err)
	}
	r.audit("domain-add", "domain", name)
	if err := p.Keys.EnsureKeys(r.Context(), name); err != nil { // a server that starts makes up for it
		return nil, err
	}
	return r.back(recordsPath(name), "page_domain_added", "domain", name), nil
}

func (p *Page) askRemoveDomain(r *request) (reply, error) {
	name, err := r.ourDomain()
	if err != nil {
		return r.again("/domains", err)
	}
	return r.ask(question{
		Sentence: r.say("page_domain_remove_sure", "domain", name), Button: r.say("page_remove"), Action: "/domains/remove", Back: recordsPath(name),
		Fields: [][2]string{{"domain", name}},
	})
}

func (p *Page) removeDomain(r *request) (reply, error) {
	name, err := r.domain()
	if err == nil {
		err = p.Store.RemoveDomain(r.Context(), name)
	}
	if err != nil {
		return r.again("/domains", err)
	}
	r.audit("domain-remove", "domain", name)
	return r.back("/domains", "page_domain_removed", "domain", name), nil
}

// rotateKeys makes the next pair of DKIM keys, and when DNS has it, or the person says so, lets it sign.
func (p *Page) rotateKeys(r *request) (reply, error) {
	name, err := r.ourDomain()
	if err != nil {
		return r.again("/domains", err)
	}
	next, err := p.Keys.Keys(r.Context(), name, store.KeyNext)
	if err != nil {
		return nil, err
	}
	if len(next) == 0 {
		if err := p.Keys.EnsureKeys(r.Context(), name); err != nil { // or there were nothing to rotate from
			return nil, err
		}
		if _, err := p.Keys.Begin(r.Context(), name); err != nil {
			return nil, err
		}
		r.audit("dkim-begin", "domain", name)
		return r.back(recordsPath(name), "page_dkim_begun"), nil
	}
	return p.turnKeys(r, name)
}

func (p *Page) turnKeys(r *request, domain string) (reply, error) {
	if r.field("now") == "" {
		unseen, err := p.Keys.Unseen(r.Context(), domain)
		if err != nil {
			return nil, err
		}
		if len(unseen) > 0 {
			names := make([]string, len(unseen))
			for i, k := range unseen {
				names[i] = k.Name
			}
			return r.again(recordsPath(domain), fail("page_error_dkim_unseen", "names", strings.Join(names, ", ")))
		}
	}
	// The nightly care may have been quicker: then it is done as well.
	if err := p.Keys.Turn(r.Context(), domain); err != nil && !errors.Is(err, store.ErrNoDKIMKey) {
		return nil, err
	}
	r.audit("dkim-turn", "domain", domain)
	return r.back(recordsPath(domain), "page_dkim_turned"), nil
}
