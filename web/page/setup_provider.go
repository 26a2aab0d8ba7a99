package page

import (
	"errors"
	"net/url"
	"slices"

	"buzon/internal/config"
	"buzon/internal/publish"
)

// providerView is the form of who keeps the DNS.
type providerView struct {
	Choices  []providerChoice
	Chosen   string
	Server   string
	HasToken bool
	Keep     bool
}

// providerChoice is a provider that takes records from us.
type providerChoice struct{ Name, Title string }

func providers() []providerChoice {
	return []providerChoice{
		{config.Cloudflare, "Cloudflare"}, {config.DeSEC, "deSEC"}, {config.DuckDNS, "DuckDNS"}, {config.RFC2136, "RFC 2136 (BIND, Knot, PowerDNS)"},
	}
}

func (p *Page) providerView(r *request) providerView {
	s := p.Store.Settings()
	v := providerView{Choices: providers(), Chosen: s.DNSProvider, Server: s.DNSServer, HasToken: s.DNSToken != "", Keep: s.KeepAddress}
	if typed := r.session.typed("provider"); typed != nil {
		v.Chosen, v.Server, v.Keep = typed["provider"], typed["server"], typed["keep"] != ""
	}
	return v
}

// setProvider keeps who keeps the DNS, and goes on to what would be written there.
func (p *Page) setProvider(r *request) (reply, error) {
	domain, err := p.setupDomain(r, r.field("domain"))
	if err != nil {
		return nil, err
	}
	back := dnsPath(stepPath(stepDNS), domain)
	values := [][2]string{{"dns.provider", r.field("provider")}, {"dns.server", r.field("server")}, {"dns.keep-address", yesNo(r.field("keep") != "")}}
	if token := r.field("secret"); token != "" {
		values = append(values, [2]string{"dns.token", token})
	}
	if err := p.checkProvider(values); err != nil {
		r.session.keepTyped("provider", map[string]string{"provider": r.field("provider"), "server": r.field("server"), "keep": r.field("keep")})
		return r.again(back, err)
	}
	r.session.keepTyped("provider", nil)
	for _, v := range values {
		if err := p.Store.Set(r.Context(), v[0], v[1]); err != nil {
			return nil, err
		}
	}
	r.audit("dns-provider", "provider", r.field("provider"))
	return r.redirect(dnsPath("/setup/dns/write", domain)), nil
}

// checkProvider looks whether the settings would do, before any of them is kept.
func (p *Page) checkProvider(values [][2]string) error {
	s := *p.Store.Settings()
	if i := slices.IndexFunc(providers(), func(c providerChoice) bool { return c.Name == values[0][1] }); i < 0 {
		return fail("page_setup_dns_choose")
	}
	if s.DNSProvider != values[0][1] {
		s.DNSToken = "" // that of another is of no use
	}
	for _, v := range values {
		next, err := s.With(v[0], v[1])
		if err != nil {
			return fail("page_setup_dns_server")
		}
		s = next
	}
	if p.Publish == nil {
		return fail("page_setup_dns_off")
	}
	_, err := p.Publish.Provider(&s)
	switch {
	case errors.Is(err, publish.ErrNoToken):
		return fail("page_setup_dns_token_missing")
	case errors.Is(err, publish.ErrNoServer):
		return fail("page_setup_dns_server")
	case err != nil:
		return fail("page_setup_dns_key")
	}
	return nil
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func dnsPath(path, domain string) string { return path + "?domain=" + url.QueryEscape(domain) }
