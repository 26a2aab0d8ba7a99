package publish

import (
	"context"
	"net"
	"net/http"
	"time"

	"buzon/internal/config"
	"buzon/internal/dns"
	"buzon/internal/dnsupdate"
)

// World is where providers are and how they are reached. Zero values mean the real ones, but for Now.
type World struct {
	HTTP                       *http.Client
	Dial                       func(ctx context.Context, network, address string) (net.Conn, error)
	Now                        func() time.Time
	Resolvers                  func() []string // host:port of servers that resolve names for us
	Cloudflare, DeSEC, DuckDNS string
}

// Provider is the one that the owner chose in the settings. ErrNoProvider where there is none or a person sets the records,
// ErrNoToken, ErrNoServer, and what ParseKey says of a key.
func (w World) Provider(s *config.Settings) (dnsupdate.Provider, error) {
	var none dnsupdate.Provider
	if s.DNSProvider == config.NoProvider || s.DNSProvider == config.Manual {
		return none, ErrNoProvider
	}
	if s.DNSToken == "" {
		return none, ErrNoToken
	}
	w.complete(s)
	switch s.DNSProvider {
	case config.Cloudflare:
		return dnsupdate.CloudflareZone(or(w.Cloudflare, dnsupdate.CloudflareURL), s.DNSToken, w.HTTP), nil
	case config.DeSEC:
		return dnsupdate.DeSECZone(or(w.DeSEC, dnsupdate.DeSECURL), s.DNSToken, w.HTTP), nil
	case config.DuckDNS:
		look := &dnsupdate.Look{Resolver: w.Resolvers, Dial: w.Dial}
		return dnsupdate.DuckDNSZone(or(w.DuckDNS, dnsupdate.DuckDNSURL), s.DNSToken, w.HTTP, look.Records), nil
	case config.RFC2136:
		key, err := dnsupdate.ParseKey(s.DNSToken)
		if err != nil {
			return none, err
		}
		if s.DNSServer == "" {
			return none, ErrNoServer
		}
		return dnsupdate.RFC2136Zone(s.DNSServer, key, w.Dial, w.Now), nil
	}
	return none, ErrNoProvider
}

// complete fills in what is real.
func (w *World) complete(s *config.Settings) {
	if w.HTTP == nil {
		w.HTTP = &http.Client{Timeout: time.Minute}
	}
	if w.Dial == nil {
		w.Dial = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	}
	if w.Resolvers == nil {
		client := dns.NewClient(dns.Options{Now: w.Now, Settings: func() dns.Settings { return dns.Settings{Server: s.Resolver} }})
		w.Resolvers = client.Servers
	}
}

func or(given, usual string) string {
	if given != "" {
		return given
	}
	return usual
}
