package page

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"buzon/internal/doctor"
	"buzon/internal/message"
	"buzon/internal/records"
	"buzon/internal/store"
	"buzon/internal/zone"
)

func (p *Page) dnsRoutes(m *routes) {
	m.get("/setup/dns", admins, p.showDNS)
	m.live("/live/setup/dns", admins, p.liveDNS)
	m.post("/setup/dns/provider", admins, p.setProvider)
	m.get("/setup/dns/write", admins, p.showWrite)
	m.post("/setup/dns/write", admins, p.writeRecords)
}

// dnsData is the page. Its live part is the table alone.
type dnsData struct {
	setup
	Domain    string
	Domains   []string
	Records   []recordView
	There, Of int
	Looked    bool // DNS was asked
	Zone      string
	NoAddress bool // where the world reaches us is not known
	Provider  providerView
}

// showDNS lists the exact records. Whether they are to be seen is found out beside it.
func (p *Page) showDNS(r *request) (reply, error) {
	domain, err := p.setupDomain(r, r.FormValue("domain"))
	if err != nil {
		return nil, err
	}
	p.startRecords(domain)
	d, err := p.dnsData(r, domain)
	if err != nil {
		return nil, err
	}
	if d.setup, err = r.setupAt(stepDNS); err != nil {
		return nil, err
	}
	if err := p.addZone(r, &d); err != nil {
		return nil, err
	}
	d.Provider = p.providerView(r)
	return r.render("setup_dns", d)
}

// setupDomain is the domain that a page is about: that which was named, else the first. Both are as the store has them.
func (p *Page) setupDomain(r *request, named string) (string, error) {
	domains, err := p.Store.Domains(r.Context())
	if err != nil {
		return "", err
	}
	if len(domains) == 0 {
		return "", store.ErrNoDomain
	}
	if named == "" {
		return domains[0].Name, nil
	}
	a, err := message.ParseAddress("postmaster@" + named)
	if err != nil || !slices.ContainsFunc(domains, func(d store.Domain) bool { return d.Name == a.Domain }) {
		return "", store.ErrNoDomain
	}
	return a.Domain, nil
}

// dnsData is the table, with what DNS showed last.
func (p *Page) dnsData(r *request, domain string) (dnsData, error) {
	d := dnsData{Domain: domain}
	list, err := p.zoneOf(r.Context(), domain)
	if err != nil {
		return d, err
	}
	states := p.wizard.dns.of(domain).told()
	d.Of = len(list)
	for i, record := range list {
		state, known := stateOf(record, states)
		if !known {
			state.Record = record
		}
		v := r.recordView(i, state)
		if d.Looked = d.Looked || known; state.State == doctor.There {
			d.There++
		}
		if d.Records = append(d.Records, v); state.State == doctor.There {
			d.Records[i].Found = nil
		}
	}
	return d, nil
}

// zoneOf are the records of a domain: with the addresses that the doctor found once it looked, for it knows more than this
// machine's own.
func (p *Page) zoneOf(ctx context.Context, domain string) ([]zone.Record, error) {
	addresses := records.PublicAddresses()
	if seen := p.wizard.dns.of(domain).seen(); len(seen) > 0 {
		addresses = addressesIn(seen)
	}
	facts, err := records.Facts(ctx, p.Store, p.Keys, domain, addresses)
	if err != nil {
		return nil, err
	}
	return zone.Records(facts)
}

// addressesIn are the addresses of the host in records.
func addressesIn(states []doctor.RecordState) (list []netip.Addr) {
	for _, s := range states {
		if s.Record.Purpose != zone.ForHost {
			continue
		}
		if a, err := netip.ParseAddr(s.Record.Value); err == nil {
			list = append(list, a)
		}
	}
	return list
}

// stateOf is what was found of a record.
func stateOf(record zone.Record, states []doctor.RecordState) (doctor.RecordState, bool) {
	for _, s := range states {
		if s.Record.Name == record.Name && s.Record.Type == record.Type && s.Record.Value == record.Value {
			return s, true
		}
	}
	return doctor.RecordState{}, false
}

// addZone is what stands beside the table: all domains, and the records as a file.
func (p *Page) addZone(r *request, d *dnsData) error {
	domains, err := p.Store.Domains(r.Context())
	if err != nil {
		return err
	}
	for _, domain := range domains {
		d.Domains = append(d.Domains, domain.Name)
	}
	list, err := p.zoneOf(r.Context(), d.Domain)
	if err != nil {
		return err
	}
	host := records.Host(p.Store, d.Domain)
	d.NoAddress = zone.Within(host, d.Domain) && !slices.ContainsFunc(list, func(z zone.Record) bool { return z.Purpose == zone.ForHost && z.Type == "A" })
	var file strings.Builder
	err = zone.WriteFile(&file, d.Domain, list, func(purpose zone.Purpose) string { return r.say(string(purpose)) })
	d.Zone = file.String()
	return err
}

// liveDNS asks again and again while somebody looks on.
func (p *Page) liveDNS(r *request, show send) error {
	domain, err := p.setupDomain(r, r.FormValue("domain"))
	if err != nil {
		return err
	}
	return r.follow(show, "setup_dns", "live_dns", nil, func() (any, error) {
		p.startRecords(domain)
		return p.dnsData(r, domain)
	})
}
