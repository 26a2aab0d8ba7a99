package sending

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"buzon/internal/dns"
	"buzon/internal/outbound"
	"buzon/internal/store"
)

// noteLost and a domain name the store's note of since when a domain that had TLS has none.
const noteLost = "tls.lost "

// What the note says. The level itself is written once a day at most, so it does not tell what came last.
const (
	stillLost = ""
	backAgain = "back"
)

// regained ends what was noted when the domain had no TLS: the next time that it is missing counts from its own beginning.
func (s *Sending) regained(ctx context.Context, domain string, level outbound.TLSLevel) error {
	if level == outbound.NoTLS {
		return nil
	}
	state, _, found, err := s.Store.Noted(ctx, noteLost+domain)
	if err != nil || !found || state != stillLost {
		return err
	}
	return s.Store.Note(ctx, noteLost+domain, backAgain)
}

func newSecret() ([]byte, error) {
	secret := make([]byte, 32)
	_, err := rand.Read(secret)
	return secret, err
}

// newSender is outbound over the store.
func (s *Sending) newSender() *outbound.Sender {
	return &outbound.Sender{
		Resolver: s.Resolver, Dial: s.Dial, Fetch: s.Fetch, Roots: s.Roots, Here: s.Here, Probes: s.Probes, SMTP: s.SMTP,
		Hello:    s.helloName,
		Settings: s.outboundSettings,
		Relays:   s.relays,
		Policies: outbound.Policies{
			Get: func(ctx context.Context, domain string) (outbound.STSPolicy, bool, error) {
				p, found, err := s.Store.STSPolicy(ctx, domain)
				return outbound.STSPolicy(p), found, err
			},
			Keep: func(ctx context.Context, p outbound.STSPolicy) error {
				return s.Store.KeepSTSPolicy(ctx, store.STSPolicy(p))
			},
		},
		Levels: outbound.Levels{
			Get: func(ctx context.Context, domain string) (outbound.TLSLevel, time.Time, error) {
				level, seen, err := s.Store.TLSLevel(ctx, domain)
				return outbound.TLSLevel(level), seen, err
			},
			Keep: func(ctx context.Context, domain string, level outbound.TLSLevel) error {
				return errors.Join(s.Store.KeepTLSLevel(ctx, domain, store.TLSLevel(level)), s.regained(ctx, domain, level))
			},
			Lost: func(ctx context.Context, domain string) (time.Time, bool, error) {
				state, since, found, err := s.Store.Noted(ctx, noteLost+domain)
				return since, found && state == stillLost, err
			},
			KeepLost: func(ctx context.Context, domain string, _ time.Time) error {
				return s.Store.Note(ctx, noteLost+domain, stillLost)
			},
		},
		Report: s.countTLS,
		Chosen: s.noteWay,
		Now:    s.Now,
		Log:    s.Log,
		Dir:    s.Dir,
	}
}

func (s *Sending) outboundSettings() outbound.Options {
	settings := s.Store.Settings()
	source, _ := netip.ParseAddr(settings.SourceAddress) // validated; "" is any
	return outbound.Options{
		Way: outbound.Way(settings.SendWay), PerDomain: settings.PerDomain, RelayConnections: settings.RelayConnections, Source: source,
	}
}

func (s *Sending) dnsSettings() dns.Settings {
	settings := s.Store.Settings()
	return dns.Settings{Server: settings.Resolver, Trusted: settings.TrustResolver}
}

func (s *Sending) relays(ctx context.Context) ([]outbound.Relay, error) {
	list, err := s.Store.Relays(ctx)
	if err != nil {
		return nil, err
	}
	relays := make([]outbound.Relay, len(list))
	for i, r := range list {
		relays[i] = outbound.Relay(r)
	}
	return relays, nil
}

// helloEvery is how long a name in EHLO is kept: long enough not to ask the DNS for every connection, short enough for a
// home line whose address changed.
const helloEvery = 10 * time.Minute

// helloName is our name in EHLO, as it was last found.
type helloName struct {
	mu    sync.Mutex
	name  string
	found time.Time
}

// helloName is the name under which we greet: what the owner chose, else one that leads back to us.
func (s *Sending) helloName(ctx context.Context) string {
	if name := s.Store.Settings().HelloName; name != "" {
		return name
	}
	s.hello.mu.Lock()
	defer s.hello.mu.Unlock()
	if now := s.Now(); s.hello.name == "" || now.Sub(s.hello.found) > helloEvery {
		s.hello.name, s.hello.found = dns.HelloName(ctx, s.Resolver, s.names(ctx), addresses()), now
	}
	return s.hello.name
}

// names are what we might be called, the likeliest first.
func (s *Sending) names(ctx context.Context) []string {
	names := []string{s.Name()}
	domains, err := s.Store.Domains(ctx)
	if err != nil {
		s.Log.Warn("cannot list domains", "err", err)
	}
	for _, d := range domains {
		names = append(names, "mail."+d.Name)
	}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	return names
}

// addresses are those of this machine.
func addresses() []netip.Addr {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then no name can be told to be ours
	}
	var addrs []netip.Addr
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok && !addr.IsLoopback() {
				addrs = append(addrs, addr.Unmap())
			}
		}
	}
	return addrs
}

// countTLS keeps what became of TLS, for the daily reports.
func (s *Sending) countTLS(ctx context.Context, r outbound.TLSResult) {
	if err := s.Store.CountTLS(context.WithoutCancel(ctx), []store.TLSResult{store.TLSResult(r)}); err != nil {
		s.Log.Warn("cannot count TLS", "domain", r.Domain, "err", err)
	}
}
