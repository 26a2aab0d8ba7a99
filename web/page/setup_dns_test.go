package page

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"buzon/internal/dnsupdate"
)

// newKept is a bench of ana's whose DNS somebody keeps.
func newKept(t *testing.T) (*bench, *keeper) {
	k := &keeper{addresses: []netip.Addr{netip.MustParseAddr("203.0.113.7")}}
	return newBox(t, func(o *Options) { o.Publish = k.desk(o) }), k
}

// The exact records stand there to be copied, each and as a file, and what DNS shows of them comes by itself.
func TestDNSStep(t *testing.T) {
	b, _ := newKept(t)
	br := b.as("ana")
	wantCode(t, "the page", br.get("/setup/dns"), http.StatusOK)
	eventually(t, "an answer of the DNS", func() bool { return len(b.wizard.dns.of("example.org").seen()) > 0 })
	body := br.get("/setup/dns").Body.String()
	for _, want := range []string{
		"10 mail.example.org.", "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org", "$ORIGIN example.org.", `data-copy="zone"`,
		`data-copy="record-0"`, `id="record-0-name"`, `data-label="`, `id="no-address"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in %s", want, body)
		}
	}
	seen := b.wizard.dns.of("example.org").seen()
	wantSaid(t, "the tally", body, "en", "page_setup_dns_tally", "there", 0, "of", len(seen))
	if first := firstEvent(t, br, "/live/setup/dns?domain=example.org"); !strings.Contains(first, `id="tally"`) {
		t.Errorf("live: %q", first)
	}
	wantCode(t, "another's domain", br.get("/setup/dns?domain=evil.example"), http.StatusUnprocessableEntity)
	if err := b.store.AddDomain(context.Background(), "example.net"); err != nil {
		t.Fatal(err)
	}
	if body := br.get("/setup/dns?domain=example.net").Body.String(); !strings.Contains(body, "$ORIGIN example.net.") || !strings.Contains(body, `href="/setup/dns?domain=example.org"`) {
		t.Errorf("the other domain: %s", body)
	}
}

// What is wrong with the provider is told before anything is kept, and what was typed stays, but the token.
func TestProviderMistakes(t *testing.T) {
	b, _ := newKept(t)
	br := b.as("ana")
	for _, c := range []struct{ provider, secret, server, key string }{
		{"", "tok", "", "page_setup_dns_choose"},
		{"manual", "tok", "", "page_setup_dns_choose"},
		{"evil", "tok", "", "page_setup_dns_choose"},
		{"cloudflare", "", "", "page_setup_dns_token_missing"},
		{"rfc2136", "no-key", "ns.example.org", "page_setup_dns_key"},
		{"rfc2136", "buzon:c2VjcmV0", "", "page_setup_dns_server"},
		{"rfc2136", "buzon:c2VjcmV0", "<no server>", "page_setup_dns_server"},
	} {
		w := br.submit("/setup/dns", "/setup/dns/provider", "domain", "example.org", "provider", c.provider, "secret", c.secret, "server", c.server)
		b.wantPath(c.provider, w, "/setup/dns?domain=example.org")
		body := br.get("/setup/dns").Body.String()
		wantSaid(t, c.provider, body, "en", c.key)
		if c.secret != "" && strings.Contains(body, `"`+c.secret+`"`) || !strings.Contains(body, `value="`+escaped(c.server)+`"`) {
			t.Errorf("%+v: %s", c, body)
		}
	}
	if s := b.store.Settings(); s.DNSProvider != "none" || s.DNSToken != "" {
		t.Errorf("%s %q", s.DNSProvider, s.DNSToken)
	}
	wantCode(t, "what would change, without a provider", br.get("/setup/dns/write?domain=example.org"), http.StatusSeeOther)
}

var replaceBox = regexp.MustCompile(`name="replace" value="([^"]+)"`)

// What would change is shown first; others' records go only when they are ticked, and only those that were shown.
func TestWriteStep(t *testing.T) {
	b, k := newKept(t)
	br := b.as("ana")
	k.zone = []dnsupdate.Record{{Name: "example.org", Type: "MX", TTL: 300, Value: "5 mx.provider.example."}}
	b.wantPath("the provider", br.submit("/setup/dns", "/setup/dns/provider", "domain", "example.org", "provider", "desec", "secret", "tok-123", "keep", "yes"),
		"/setup/dns/write?domain=example.org")
	if s := b.store.Settings(); s.DNSProvider != "desec" || s.DNSToken != "tok-123" || !s.KeepAddress {
		t.Errorf("%+v", s)
	}
	for _, lang := range []string{"en", "es"} {
		br.lang = lang
		checkPage(t, lang, "/setup/dns/write", br.get("/setup/dns/write?domain=example.org").Body.String())
	}
	br.lang = "en"
	body := br.get("/setup/dns/write?domain=example.org").Body.String()
	box := replaceBox.FindStringSubmatch(body)
	if box == nil || !strings.Contains(body, "MX 5 mx.provider.example.") || strings.Contains(body, "tok-123") {
		t.Fatalf("%s", body)
	}
	write := func(what string, pairs ...string) {
		t.Helper()
		w := br.submit("/setup/dns/write?domain=example.org", "/setup/dns/write", append(pairs, "domain", "example.org")...)
		b.wantPath(what, w, "/setup/dns?domain=example.org")
	}
	write("without a tick")
	if got := k.values("example.org", "MX"); got != "5 mx.provider.example." || k.values("mail.example.org", "A") != "203.0.113.7" {
		t.Errorf("MX %s, A %s", got, k.values("mail.example.org", "A"))
	}
	k.zone[0].Value = "5 another.provider.example."
	k.zone = append(k.zone, dnsupdate.Record{Name: "example.org", Type: "MX", TTL: 300, Value: "6 more.example."})
	write("ticked what was there before", "replace", box[1])
	if got := k.values("example.org", "MX"); !strings.Contains(got, "more.example.") {
		t.Errorf("what nobody saw is gone: MX %s", got)
	}
	box = replaceBox.FindStringSubmatch(br.get("/setup/dns/write?domain=example.org").Body.String())
	write("ticked", "replace", box[1])
	write("the button twice", "replace", box[1])
	if got := k.values("example.org", "MX"); got != "10 mail.example.org." {
		t.Errorf("MX %s", got)
	}
	wantSaid(t, "all is there", br.get("/setup/dns/write?domain=example.org").Body.String(), "en", "page_setup_write_nothing")
	k.fails = errors.New("<b>busy</b>")
	b.wantPath("the provider fails", br.get("/setup/dns/write?domain=example.org"), "/setup/dns?domain=example.org")
	body = br.get("/setup/dns").Body.String()
	wantSaid(t, "the provider fails", body, "en", "page_setup_dns_failed", "why", "read example.org: <b>busy</b>")
}

// values are those of a name and type.
func (k *keeper) values(name, kind string) string {
	var list []string
	for _, r := range k.zone {
		if r.Name == name && r.Type == kind {
			list = append(list, r.Value)
		}
	}
	return strings.Join(list, " ")
}

// Where the world reaches the box, the person may know better.
func TestTypedAddress(t *testing.T) {
	b, k := newKept(t)
	k.addresses = []netip.Addr{netip.MustParseAddr("2001:db8::7")}
	br := b.as("ana")
	br.submit("/setup/dns", "/setup/dns/provider", "domain", "example.org", "provider", "desec", "secret", "tok-123")
	body := br.get("/setup/dns/write?domain=example.org").Body.String()
	if !strings.Contains(body, `id="address-form"`) {
		t.Errorf("it is not asked: %s", body)
	}
	for _, bad := range []string{"nonsense", "192.168.1.5", "127.0.0.1", "fe80::1%eth0", "<b>"} {
		b.wantPath(bad, br.get("/setup/dns/write?domain=example.org&address="+url.QueryEscape(bad)), "/setup/dns?domain=example.org")
		wantSaid(t, bad, br.get("/setup/dns").Body.String(), "en", "page_setup_dns_address_bad", "address", bad)
	}
	w := br.submit("/setup/dns/write?domain=example.org&address=203.0.113.9", "/setup/dns/write", "domain", "example.org", "address", "203.0.113.9")
	b.wantPath("written", w, "/setup/dns?domain=example.org")
	if a, aaaa := k.values("mail.example.org", "A"), k.values("mail.example.org", "AAAA"); a != "203.0.113.9" || aaaa != "2001:db8::7" {
		t.Errorf("A %s, AAAA %s", a, aaaa)
	}
}
