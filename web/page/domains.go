package page

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"buzon/internal/doctor"
	"buzon/internal/keyring"
	"buzon/internal/message"
	"buzon/internal/records"
	"buzon/internal/store"
	"buzon/internal/zone"
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

// recordsView is what has to stand in DNS for a domain, and what does.
type recordsView struct {
	Domain  string
	Records []recordView
	Keys    []keyView
	Next    bool // the next pair of keys waits
}

// recordView is one record with its state.
type recordView struct {
	zone.Record
	ID           string // of the element to copy from
	For          string
	State, Class string // in words; "" where nobody looked
	Found        []string
}

type keyView struct {
	keyring.Key
	Said string
}

func (p *Page) showRecords(r *request) (reply, error) {
	v, err := p.records(r)
	if err != nil {
		return nil, err
	}
	return r.render("records", v)
}

// records is all without a look at DNS, which may take long.
func (p *Page) records(r *request) (v recordsView, err error) {
	if v.Domain, err = r.ourDomain(); err != nil {
		return v, err
	}
	facts, err := records.Facts(r.Context(), p.Store, p.Keys, v.Domain, records.PublicAddresses())
	if err != nil {
		return v, err
	}
	list, err := zone.Records(facts)
	if err != nil {
		return v, err
	}
	for i, record := range list {
		v.Records = append(v.Records, r.recordView(i, doctor.RecordState{Record: record}))
	}
	keys, err := p.Keys.Keys(r.Context(), v.Domain, "")
	states := map[string]string{store.KeyNext: "dkim_next", store.KeyActive: "dkim_active", store.KeyRetired: "dkim_retired"}
	for _, k := range keys {
		v.Keys = append(v.Keys, keyView{k, r.say(states[k.State])})
		v.Next = v.Next || k.State == store.KeyNext
	}
	return v, err
}

func (r *request) recordView(i int, s doctor.RecordState) recordView {
	v := recordView{Record: s.Record, ID: "record-" + itoa(int64(i)), For: r.say(string(s.Record.Purpose)), Found: s.Found}
	switch s.State {
	case doctor.There:
		v.State, v.Class = r.say("page_record_there"), "good"
	case doctor.Missing:
		v.State, v.Class = r.say("page_record_missing"), "bad"
	case doctor.Different:
		v.State, v.Class = r.say("page_record_different"), "bad"
	case doctor.NotSeen:
		v.State, v.Class = r.say("page_record_unknown"), "soft"
	}
	return v
}

// lookAgain is how often a page that is open looks at DNS.
const lookAgain = 20 * time.Second

// liveRecords asks DNS for each record, and again while the page is open.
func (p *Page) liveRecords(r *request, show send) error {
	v, err := p.records(r)
	if err != nil || p.Doctor == nil {
		return err
	}
	for {
		states, err := p.Doctor.Domain(r.Context(), v.Domain, nil)
		if err != nil {
			return err
		}
		v.Records = v.Records[:0]
		for i, s := range states {
			v.Records = append(v.Records, r.recordView(i, s))
		}
		if err := show("records", "now", v); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-time.After(lookAgain):
		}
	}
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
