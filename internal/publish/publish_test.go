package publish

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/config"
	"buzon/internal/dnsupdate"
	"buzon/internal/keyring"
	"buzon/internal/records"
	"buzon/internal/store"
)

// host plays who keeps example.org.
type host struct {
	*Desk
	t         *testing.T
	zone      []dnsupdate.Record
	addresses []netip.Addr
	puts      int
	fails     error
	lacks     string // a type that it has no room for
}

func newHost(t *testing.T) *host {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), store.Options{Log: log, Now: time.Now, Limits: config.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	h := &host{t: t, addresses: []netip.Addr{netip.MustParseAddr("203.0.113.7")}}
	h.Desk = &Desk{Options{
		Store: st, Keys: keyring.Ring{Store: st, Now: time.Now}, Now: time.Now, Log: log,
		Provider:  func(*config.Settings) (dnsupdate.Provider, error) { return h.provider(), nil },
		Addresses: func(context.Context) ([]netip.Addr, error) { return h.addresses, nil },
	}}
	if err := st.AddDomain(t.Context(), "example.org"); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) provider() dnsupdate.Provider {
	return dnsupdate.Provider{
		Read: func(_ context.Context, name string, kinds []string) (list []dnsupdate.Record, err error) {
			for _, r := range h.zone {
				if r.Name == name && (slices.Contains(kinds, r.Type) || r.Type == "CNAME") {
					list = append(list, r)
				}
			}
			return list, h.fails
		},
		Put: func(_ context.Context, sets []dnsupdate.Set) error {
			h.puts++
			for _, s := range sets {
				h.zone = slices.DeleteFunc(h.zone, func(r dnsupdate.Record) bool { return r.Name == s.Name && r.Type == s.Type })
				h.zone = append(h.zone, s.Want...)
			}
			return h.fails
		},
		Holds: func(_, kind string) bool { return kind != h.lacks },
	}
}

func (h *host) plan() Plan {
	h.t.Helper()
	p, err := h.Plan(h.t.Context(), "example.org", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *host) apply(yes bool) []Item {
	h.t.Helper()
	done, err := h.Apply(h.t.Context(), h.plan(), func(Item) bool { return yes })
	if err != nil {
		h.t.Fatal(err)
	}
	return done
}

func (h *host) item(name, kind string) Item {
	h.t.Helper()
	p := h.plan()
	i := slices.IndexFunc(p.Items, func(i Item) bool { return i.Name == name && i.Type == kind })
	if i < 0 {
		h.t.Fatalf("no %s %s", name, kind)
	}
	return p.Items[i]
}

// has are the values at a name.
func (h *host) has(name, kind string) (list []string) {
	for _, r := range h.zone {
		if r.Name == name && r.Type == kind {
			list = append(list, r.Value)
		}
	}
	slices.Sort(list)
	return list
}

func (h *host) put(name, kind, value string) {
	h.zone = append(h.zone, dnsupdate.Record{Name: name, Type: kind, TTL: 3600, Value: value})
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// An empty zone gets everything at once, and nothing the second time.
func TestEmptyZone(t *testing.T) {
	h := newHost(t)
	done := h.apply(false)
	if len(done) < 15 || h.puts != 1 {
		t.Errorf("%d sets in %d puts", len(done), h.puts)
	}
	want(t, "MX", strings.Join(h.has("example.org", "MX"), ","), "10 mail.example.org.")
	want(t, "A", strings.Join(h.has("mail.example.org", "A"), ","), "203.0.113.7")
	if p := h.plan(); p.Changes() {
		t.Errorf("there is more to do: %+v", p.Items)
	}
	if done := h.apply(true); len(done) != 0 || h.puts != 1 {
		t.Errorf("written again: %d", len(done))
	}
}

// What others put there is shown, and goes only when somebody agrees; what can stand beside ours stays.
func TestOthers(t *testing.T) {
	h := newHost(t)
	h.put("example.org", "MX", "5 mx.provider.example.")
	h.put("example.org", "MX", "10 mail.example.org.")
	h.put("example.org", "TXT", "google-site-verification=abc")
	h.put("example.org", "TXT", "v=spf1 include:provider.example -all")
	h.put("example.org", "A", "192.0.2.80") // their web site: no record of ours is there
	h.put("autoconfig.example.org", "A", "192.0.2.81")
	h.put("autoconfig.example.org", "TXT", "x")
	h.put("_imaps._tcp.example.org", "CNAME", "elsewhere.example.")
	for _, c := range []struct {
		name, kind string
		others     int
	}{
		{"example.org", "MX", 1}, {"example.org", "TXT", 1}, {"autoconfig.example.org", "CNAME", 2}, {"_imaps._tcp.example.org", "SRV", 1},
	} {
		i := h.item(c.name, c.kind)
		if i.State != Replace || len(i.Others) != c.others {
			t.Errorf("%s %s: %s, %+v", c.name, c.kind, i.State, i.Others)
		}
	}
	h.apply(false)
	want(t, "MX unasked", strings.Join(h.has("example.org", "MX"), ","), "10 mail.example.org.,5 mx.provider.example.")
	want(t, "TXT unasked", len(h.has("example.org", "TXT")), 2)
	want(t, "what had no rival", len(h.has("_dmarc.example.org", "TXT")), 1)
	h.apply(true)
	want(t, "MX", strings.Join(h.has("example.org", "MX"), ","), "10 mail.example.org.")
	want(t, "TXT", strings.Join(h.has("example.org", "TXT"), ","), "google-site-verification=abc,v=spf1 mx ~all")
	want(t, "web site", strings.Join(h.has("example.org", "A"), ","), "192.0.2.80")
	want(t, "alias", strings.Join(append(h.has("autoconfig.example.org", "A"), h.has("autoconfig.example.org", "CNAME")...), ","), "mail.example.org.")
	want(t, "service", len(h.has("_imaps._tcp.example.org", "CNAME"))+10*len(h.has("_imaps._tcp.example.org", "SRV")), 10)
}

// What we wrote ourselves is ours to change, also after a crash between remembering and writing.
func TestOurs(t *testing.T) {
	h := newHost(t)
	h.apply(false)
	if err := records.KeepTrusted(t.Context(), h.Store, true); err != nil { // changes the policy's id
		t.Fatal(err)
	}
	i := h.item("_mta-sts.example.org", "TXT")
	if i.State != Replace || len(i.Others) != 0 {
		t.Errorf("%s, %+v", i.State, i.Others)
	}
	h.apply(false)
	want(t, "policy", len(h.has("_mta-sts.example.org", "TXT")), 1)

	other := newHost(t)
	other.fails = errors.New("cut off") // after it was done
	if _, err := other.Apply(t.Context(), func() Plan { other.fails = nil; p := other.plan(); other.fails = errors.New("cut off"); return p }(), nil); err == nil {
		t.Fatal("no error")
	}
	other.fails = nil
	other.addresses = []netip.Addr{netip.MustParseAddr("203.0.113.8")}
	if i := other.item("mail.example.org", "A"); i.State != Replace || len(i.Others) != 0 {
		t.Errorf("%s, %+v", i.State, i.Others)
	}
}

func TestBeyond(t *testing.T) {
	h := newHost(t)
	h.lacks = "SRV"
	want(t, "state", h.item("_imaps._tcp.example.org", "SRV").State, Beyond)
	h.apply(true)
	want(t, "SRV", len(h.has("_imaps._tcp.example.org", "SRV")), 0)
	if h.plan().Changes() {
		t.Error("there is more to do")
	}
}

// The address follows the line, once for each change, and another's stays.
func TestKeep(t *testing.T) {
	h := newHost(t)
	keep := func() {
		t.Helper()
		if err := h.keep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	keep()
	want(t, "puts while it is off", h.puts, 0)
	for key, value := range map[string]string{"dns.provider": "desec", "dns.token": "x", "dns.keep-address": "yes"} {
		if err := h.Store.Set(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	keep()
	keep()
	want(t, "address", strings.Join(h.has("mail.example.org", "A"), ","), "203.0.113.7")
	want(t, "puts", h.puts, 1)
	want(t, "records", len(h.zone), 1) // and nothing else
	h.addresses = nil
	keep() // the line is down
	want(t, "address", len(h.has("mail.example.org", "A")), 1)
	h.addresses = []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8::9")}
	h.fails = errors.New("busy")
	if err := h.keep(t.Context()); err == nil {
		t.Error("no error")
	}
	h.fails = nil
	keep()
	want(t, "new address", strings.Join(append(h.has("mail.example.org", "A"), h.has("mail.example.org", "AAAA")...), ","), "203.0.113.9,2001:db8::9")
	h.zone = nil
	h.put("mail.example.org", "A", "192.0.2.99")
	h.addresses = h.addresses[:1]
	keep()
	want(t, "another's", strings.Join(h.has("mail.example.org", "A"), ","), "192.0.2.99")
}

func TestProvider(t *testing.T) {
	for _, c := range []struct {
		provider, token, server string
		err                     error
	}{
		{"none", "x", "", ErrNoProvider}, {"manual", "x", "", ErrNoProvider}, {"cloudflare", "", "", ErrNoToken},
		{"rfc2136", "buzon:c2VjcmV0", "", ErrNoServer}, {"rfc2136", "buzon:c2VjcmV0", "ns.example.org:53", nil},
		{"cloudflare", "x", "", nil}, {"desec", "x", "", nil}, {"duckdns", "x", "", nil},
	} {
		s := config.Default()
		s.DNSProvider, s.DNSToken, s.DNSServer = c.provider, c.token, c.server
		p, err := World{}.Provider(&s)
		if !errors.Is(err, c.err) || err == nil && (p.Read == nil || p.Put == nil || p.Holds == nil) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	s := config.Default()
	s.DNSProvider, s.DNSToken = "rfc2136", "no key"
	if _, err := (World{}).Provider(&s); err == nil {
		t.Error("no key, and no error")
	}
}
