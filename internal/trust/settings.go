package trust

import (
	"context"
	"crypto/sha256"
	"fmt"

	"buzon/internal/acme"
	"buzon/internal/config"
	"buzon/internal/dnsupdate"
)

// APIs are where DNS providers are; "" is where they are.
type APIs struct{ Cloudflare, DeSEC, DuckDNS string }

// settings are what the manager works by.
func (t *Trust) settings() acme.Settings {
	s := t.Store.Settings()
	out := acme.Settings{
		Way: acme.Way(s.CertWay), Email: s.CertEmail, Directory: s.CertDirectory, Staging: s.CertStaging,
		Profile: s.CertProfile, RSA: s.CertRSA, Provider: s.DNSProvider, Manual: s.DNSProvider == config.Manual,
	}
	if t.Off {
		out.Way = acme.Off
	}
	if s.CertFile != "" { // the owner sees to it
		out.Way = acme.Off
	}
	sum := sha256.Sum256([]byte(s.DNSToken + "\n" + s.DNSServer))
	out.Stamp = fmt.Sprintf("%x", sum[:8])
	write, err := t.writer(s)
	if err != nil {
		write = func(context.Context, dnsupdate.Change) error { return err }
	}
	out.Write = write
	return out
}

// writer is the way to write records that the owner chose, nil for none.
func (t *Trust) writer(s *config.Settings) (dnsupdate.Writer, error) {
	if s.DNSProvider != config.NoProvider && s.DNSProvider != config.Manual && s.DNSToken == "" {
		return nil, fmt.Errorf("dns.token is not set")
	}
	switch s.DNSProvider {
	case config.RFC2136:
		key, err := dnsupdate.ParseKey(s.DNSToken)
		if err != nil {
			return nil, err
		}
		if s.DNSServer == "" {
			return nil, fmt.Errorf("dns.server is not set")
		}
		return dnsupdate.RFC2136(s.DNSServer, key, t.Dial, t.Now), nil
	case config.Cloudflare:
		return dnsupdate.Cloudflare(or(t.APIs.Cloudflare, dnsupdate.CloudflareURL), s.DNSToken, t.HTTP), nil
	case config.DeSEC:
		return dnsupdate.DeSEC(or(t.APIs.DeSEC, dnsupdate.DeSECURL), s.DNSToken, t.HTTP), nil
	case config.DuckDNS:
		return dnsupdate.DuckDNS(or(t.APIs.DuckDNS, dnsupdate.DuckDNSURL), s.DNSToken, t.HTTP), nil
	}
	return nil, nil
}

func or(given, usual string) string {
	if given != "" {
		return given
	}
	return usual
}
