package trust

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"time"

	"buzon/internal/dns"
)

// newClient speaks to the authority. Certificates of its own are judged by the time that we know, not by a clock that
// begins in 1970 at every start.
func (t *Trust) newClient() *http.Client {
	return &http.Client{
		Timeout: 90 * time.Second,
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{Time: t.Now, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   15 * time.Second,
			ResponseHeaderTimeout: 60 * time.Second,
			MaxIdleConns:          2,
			IdleConnTimeout:       30 * time.Second,
			ForceAttemptHTTP2:     true,
		},
	}
}

func (t *Trust) resolver() dns.Resolver {
	if t.Resolver != nil {
		return t.Resolver()
	}
	return t.client()
}

func (t *Trust) client() *dns.Client {
	return dns.NewClient(dns.Options{Now: t.Now, Settings: func() dns.Settings {
		s := t.Store.Settings()
		return dns.Settings{Server: s.Resolver, Trusted: s.TrustResolver}
	}})
}

func (t *Trust) dnsServers() []string { return t.client().Servers() }

// addresses are those of this machine, but for those that every machine has.
func addresses() []netip.Addr {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then no name can be told to be ours
	}
	var addrs []netip.Addr
	for _, a := range list {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && !prefix.Addr().IsLoopback() && !prefix.Addr().IsLinkLocalUnicast() {
			addrs = append(addrs, prefix.Addr().Unmap())
		}
	}
	return addrs
}
