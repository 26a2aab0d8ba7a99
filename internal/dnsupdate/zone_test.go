package dnsupdate

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	wire "github.com/miekg/dns"
)

// registry is what a provider played in a test keeps of one domain.
type registry struct {
	*httptest.Server
	t       *testing.T
	items   map[string]cloudflareItem // Cloudflare's, by identifier
	sets    map[string]desecSet       // deSEC's, by "subname type"
	next    int
	changes int
}

// cloudflare plays developers.cloudflare.com/api for example.org.
func (g *registry) cloudflare() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /zones", func(w http.ResponseWriter, r *http.Request) {
		zones := []map[string]string{}
		if r.FormValue("name") == "example.org" {
			zones = append(zones, map[string]string{"id": "z1"})
		}
		g.answer(w, map[string]any{"result": zones})
	})
	mux.HandleFunc("GET /zones/z1/dns_records", func(w http.ResponseWriter, r *http.Request) {
		list := []cloudflareItem{}
		for _, id := range slices.Sorted(maps.Keys(g.items)) {
			if i := g.items[id]; i.Name == r.FormValue("name") {
				list = append(list, i)
			}
		}
		g.answer(w, map[string]any{"result": list})
	})
	mux.HandleFunc("POST /zones/z1/dns_records", g.addItem)
	mux.HandleFunc("DELETE /zones/z1/dns_records/{id}", func(w http.ResponseWriter, r *http.Request) {
		if _, ok := g.items[r.PathValue("id")]; !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		g.changes++
		delete(g.items, r.PathValue("id"))
	})
	return withToken("Bearer "+token, mux)
}

func (g *registry) addItem(w http.ResponseWriter, r *http.Request) {
	var i cloudflareItem
	if err := json.NewDecoder(r.Body).Decode(&i); err != nil {
		g.t.Error(err)
	}
	switch address := i.Type == "A" || i.Type == "AAAA" || i.Type == "CNAME"; {
	case i.Type == "TXT" && !strings.HasPrefix(i.Content, `"`), i.Type == "MX" && i.Priority == nil,
		i.Type == "SRV" && (i.Data == nil || i.Content != ""), address && (i.Proxied == nil || *i.Proxied), i.TTL < 60:
		g.t.Errorf("%+v", i)
	}
	if i.Type == "SRV" {
		i.Content = fmt.Sprintf("%d %d %s", i.Data.Weight, i.Data.Port, i.Data.Target)
	}
	for _, o := range g.items {
		if o.Name != i.Name {
			continue
		}
		if o.record().Same(i.record()) {
			g.refuse(w, "An identical record already exists.")
			return
		}
		if (o.Type == "CNAME") != (i.Type == "CNAME") {
			g.refuse(w, "An A, AAAA, or CNAME record with that host already exists.")
			return
		}
	}
	g.next++
	g.changes++
	i.ID = fmt.Sprintf("id%d", g.next)
	g.items[i.ID] = i
	g.answer(w, map[string]any{"success": true})
}

func (g *registry) refuse(w http.ResponseWriter, words string) {
	w.WriteHeader(http.StatusBadRequest)
	g.answer(w, map[string]any{"errors": []any{map[string]any{"message": words}}})
}

func (g *registry) answer(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		g.t.Error(err)
	}
}

// desec plays desec.readthedocs.io for example.org, whose records live for an hour at least.
func (g *registry) desec() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /domains/", func(w http.ResponseWriter, r *http.Request) {
		list := []desecDomain{}
		if name := r.FormValue("owns_qname"); name == "example.org" || strings.HasSuffix(name, ".example.org") {
			list = append(list, desecDomain{"example.org", 3600})
		}
		g.answer(w, list)
	})
	mux.HandleFunc("GET /domains/example.org/rrsets/", func(w http.ResponseWriter, r *http.Request) {
		list := []desecSet{}
		for _, key := range slices.Sorted(maps.Keys(g.sets)) {
			if s := g.sets[key]; s.Subname == r.FormValue("subname") {
				list = append(list, s)
			}
		}
		g.answer(w, list)
	})
	mux.HandleFunc("PUT /domains/example.org/rrsets/", func(w http.ResponseWriter, r *http.Request) {
		var sets []desecSet
		if err := json.NewDecoder(r.Body).Decode(&sets); err != nil {
			g.t.Error(err)
		}
		g.changes++
		for _, s := range sets {
			if s.TTL < 3600 || s.Records == nil {
				g.t.Errorf("%+v", s)
			}
			g.sets[s.Subname+" "+s.Type] = s
			if len(s.Records) == 0 {
				delete(g.sets, s.Subname+" "+s.Type)
			}
		}
	})
	return withToken("Token "+token, mux)
}

func newRegistry(t *testing.T, routes func(*registry) http.Handler) *registry {
	g := &registry{t: t, items: map[string]cloudflareItem{}, sets: map[string]desecSet{}}
	g.Server = httptest.NewServer(routes(g))
	t.Cleanup(g.Close)
	return g
}

// whole is a domain's records of every kind.
func whole() []Record {
	const domain = "example.org"
	return []Record{
		{domain, "MX", 3600, "10 mail.example.org."},
		{"mail." + domain, "A", 300, "192.0.2.7"},
		{"mail." + domain, "AAAA", 300, "2001:db8::7"},
		{domain, "TXT", 3600, "v=spf1 mx ~all"},
		{"b1._domainkey." + domain, "TXT", 3600, `v=DKIM1; k=rsa; p="\` + strings.Repeat("A", 392)},
		{"autoconfig." + domain, "CNAME", 3600, "mail.example.org."},
		{"_imaps._tcp." + domain, "SRV", 3600, "0 1 993 mail.example.org."},
		{"_imap._tcp." + domain, "SRV", 3600, "0 0 0 ."},
	}
}

// the sets of records, over what is there.
func sets(t *testing.T, p Provider, want []Record) []Set {
	t.Helper()
	var list []Set
	for _, r := range want {
		i := slices.IndexFunc(list, func(s Set) bool { return s.Name == r.Name && s.Type == r.Type })
		if i < 0 {
			i, list = len(list), append(list, Set{Name: r.Name, Type: r.Type, Have: read(t, p, r.Name, r.Type)})
		}
		list[i].Want = append(list[i].Want, r)
	}
	return list
}

func read(t *testing.T, p Provider, name, kind string) (list []Record) {
	t.Helper()
	found, err := p.Read(t.Context(), name, []string{kind})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range found {
		if r.Type == kind {
			list = append(list, r)
		}
	}
	return list
}

// renamed is records of example.org in another domain.
func renamed(list []Record, domain string) []Record {
	for i, r := range list {
		list[i].Name, list[i].Value = strings.Replace(r.Name, "example.org", domain, 1), strings.Replace(r.Value, "example.org", domain, 1)
	}
	return list
}

// testZone is what holds for everybody who can hold everything.
func testZone(t *testing.T, p Provider, domain string) {
	want := renamed(whole(), domain)
	put := func(list ...Set) {
		t.Helper()
		if err := p.Put(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	see := func(list []Record) {
		t.Helper()
		for _, r := range list {
			if got := read(t, p, r.Name, r.Type); len(got) == 0 || !slices.ContainsFunc(got, r.Same) {
				t.Errorf("%s %s: %+v, want %q", r.Name, r.Type, got, r.Value)
			}
		}
	}
	put(sets(t, p, want)...)
	see(want)
	put(sets(t, p, want)...) // twice is once
	see(want)

	// What is not ours of the same name and type stays where it is wanted.
	other := Record{domain, "TXT", 3600, "somebody else's"}
	spf := want[3]
	put(Set{domain, "TXT", []Record{spf}, []Record{spf, other}})
	changed := spf
	changed.Value = "v=spf1 -all"
	put(Set{domain, "TXT", read(t, p, domain, "TXT"), []Record{changed, other}})
	if got := read(t, p, domain, "TXT"); len(got) != 2 || !slices.ContainsFunc(got, other.Same) || !slices.ContainsFunc(got, changed.Same) {
		t.Errorf("%+v", got)
	}

	// A name that led elsewhere becomes a host of its own.
	alias := want[5]
	host := Record{alias.Name, "A", 300, "192.0.2.8"}
	put(Set{alias.Name, "A", nil, []Record{host}}, Set{alias.Name, "CNAME", []Record{alias}, nil})
	if got := append(read(t, p, alias.Name, "CNAME"), read(t, p, alias.Name, "A")...); len(got) != 1 || !got[0].Same(host) {
		t.Errorf("%+v", got)
	}
	if _, err := p.Read(t.Context(), "mail.example.net", []string{"A"}); err == nil {
		t.Error("another's domain was read")
	}
	if err := p.Put(t.Context(), []Set{{"mail.example.net", "A", nil, []Record{{"mail.example.net", "A", 300, "192.0.2.1"}}}}); err == nil {
		t.Error("another's domain was written")
	}
}

func TestCloudflareZone(t *testing.T) {
	g := newRegistry(t, (*registry).cloudflare)
	p := CloudflareZone(g.URL, token, g.Client())
	testZone(t, p, "example.org")
	// An attempt that ended before its time is begun again without having seen what it did.
	before := g.changes
	if err := p.Put(t.Context(), []Set{{"mail.example.org", "A", nil, []Record{{"mail.example.org", "A", 300, "192.0.2.7"}}}}); err != nil || g.changes != before {
		t.Errorf("%d changes, %v", g.changes-before, err)
	}
	if _, err := CloudflareZone(g.URL, "secret-token", g.Client()).Read(t.Context(), "example.org", Kinds()); err == nil || strings.Contains(err.Error(), "secret-token") {
		t.Error(err)
	}
	if err := p.Put(t.Context(), []Set{{"x.example.org", "MX", nil, []Record{{"x.example.org", "MX", 300, "ten mail."}}}}); err == nil {
		t.Error("nonsense was sent")
	}
}

func TestDeSECZone(t *testing.T) {
	g := newRegistry(t, (*registry).desec)
	p := DeSECZone(g.URL, token, g.Client())
	testZone(t, p, "example.org")
	g.sets, g.changes = map[string]desecSet{}, 0
	if err := p.Put(t.Context(), sets(t, p, whole())); err != nil || g.changes != 1 {
		t.Errorf("%d requests for all records, %v", g.changes, err)
	}
}

func TestRFC2136Zone(t *testing.T) {
	b := startBIND(t)
	k, err := ParseKey("records:" + secret)
	if err != nil {
		t.Fatal(err)
	}
	p := RFC2136Zone(b.addr, k, dial, time.Now)
	testZone(t, p, "example.test")
	// What changed since it was read is not written over, and nothing of the rest is written either.
	err = p.Put(t.Context(), []Set{
		{"new.example.test", "A", nil, []Record{{"new.example.test", "A", 300, "192.0.2.9"}}},
		{"mail.example.test", "A", []Record{{"mail.example.test", "A", 300, "192.0.2.99"}}, []Record{{"mail.example.test", "A", 300, "192.0.2.9"}}},
	})
	if err == nil || !strings.Contains(err.Error(), "NXRRSET") {
		t.Error(err)
	}
	if got := read(t, p, "new.example.test", "A"); len(got) != 0 {
		t.Errorf("half of it was written: %+v", got)
	}
}

func TestDuckDNSZone(t *testing.T) {
	var query url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		if query.Get("token") != token || query.Get("domains") != "casa" {
			_, _ = io.WriteString(w, "KO")
			return
		}
		_, _ = io.WriteString(w, "OK")
	}))
	defer s.Close()
	p := DuckDNSZone(s.URL, token, s.Client(), nil)
	for _, c := range []struct{ name, kind, value, field string }{
		{"casa.duckdns.org", "A", "192.0.2.7", "ip"},
		{"mail.casa.duckdns.org", "AAAA", "2001:db8::7", "ipv6"},
		{"casa.duckdns.org", "TXT", "v=spf1 mx ~all", "txt"},
	} {
		query = nil
		r := Record{c.name, c.kind, 300, c.value}
		if err := p.Put(t.Context(), []Set{{c.name, c.kind, nil, []Record{r}}}); err != nil || query.Get(c.field) != c.value {
			t.Errorf("%s %s: %v, %v", c.name, c.kind, query, err)
		}
		query = nil
		if err := p.Put(t.Context(), []Set{{c.name, c.kind, []Record{r}, []Record{r}}}); err != nil || query != nil {
			t.Errorf("%s %s again: %v, %v", c.name, c.kind, query, err)
		}
	}
	for _, r := range []Record{
		{"casa.duckdns.org", "MX", 300, "10 casa.duckdns.org."}, {"_dmarc.casa.duckdns.org", "TXT", 300, "v=DMARC1"},
		{"other.duckdns.org", "A", 300, "192.0.2.7"}, {"example.org", "A", 300, "192.0.2.7"},
	} {
		if err := p.Put(t.Context(), []Set{{r.Name, r.Type, nil, []Record{r}}}); err == nil {
			t.Errorf("%+v was written", r)
		}
		if p.Holds(r.Name, r.Type) != strings.HasPrefix(r.Name, "other.") {
			t.Errorf("%+v is held", r)
		}
	}
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		kind, a, b string
		same       bool
	}{
		{"MX", "10 mail.example.org.", "10  MAIL.example.org", true},
		{"MX", "10 mail.example.org.", "20 mail.example.org.", false},
		{"AAAA", "2001:db8::7", "2001:0DB8:0:0::7", true},
		{"TXT", "v=spf1 -all", "v=SPF1 -all", false},
		{"SRV", "0 0 0 .", "0 0 0 .", true},
	} {
		if (Record{Type: c.kind, Value: c.a}).Same(Record{Type: c.kind, Value: c.b}) != c.same {
			t.Errorf("%+v", c)
		}
	}
}

func FuzzUnquote(f *testing.F) {
	f.Add(`"v=spf1" " -all"`)
	f.Add(`"a\"b\\c\195\177"`)
	f.Add(`no quotes`)
	f.Fuzz(func(t *testing.T, text string) {
		unquote(text)
		if got := unquote(quote(text)); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			return
		}
		rr, err := wire.NewRR("x. 60 IN TXT " + quote(text)) // a reader that is not ours
		if err != nil || recordOf(rr).Value != text {
			t.Errorf("%q: %v, %v", text, rr, err)
		}
	})
}
