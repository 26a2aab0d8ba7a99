package dnsupdate

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	wire "github.com/miekg/dns"
)

// unsigned is a DNS server that says yes to everything, and signs nothing.
func unsigned(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &wire.Server{Listener: l, Handler: wire.HandlerFunc(func(w wire.ResponseWriter, m *wire.Msg) {
		r := new(wire.Msg).SetReply(m)
		soa, err := wire.NewRR("example.test. 60 SOA ns. root. 1 2 3 4 5")
		if err == nil {
			r.Answer = append(r.Answer, soa)
			_ = w.WriteMsg(r)
		}
	})}
	go server.ActivateAndServe()
	t.Cleanup(func() { _ = server.Shutdown() })
	return l.Addr().String()
}

// provider plays one of the three over HTTP, with example.org (or its DuckDNS name) and one good token.
type provider struct {
	*httptest.Server
	t       *testing.T
	records map[string]bool // "name text"
}

const token = "tok-123"

func newProvider(t *testing.T, routes func(p *provider) http.Handler) *provider {
	p := &provider{t: t, records: map[string]bool{}}
	p.Server = httptest.NewServer(routes(p))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) answer(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

// cloudflare as developers.cloudflare.com/api describes it.
func cloudflareRoutes(p *provider) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /zones", func(w http.ResponseWriter, r *http.Request) {
		zones := []map[string]string{}
		if r.FormValue("name") == "example.org" {
			zones = append(zones, map[string]string{"id": "z1"})
		}
		p.answer(w, map[string]any{"success": true, "result": zones})
	})
	mux.HandleFunc("POST /zones/z1/dns_records", func(w http.ResponseWriter, r *http.Request) {
		var record struct{ Type, Name, Content string }
		if err := json.NewDecoder(r.Body).Decode(&record); err != nil || record.Type != "TXT" {
			p.t.Error(err, record)
		}
		key := record.Name + " " + strings.Trim(record.Content, `"`)
		if p.records[key] {
			w.WriteHeader(http.StatusBadRequest)
			p.answer(w, map[string]any{"errors": []any{map[string]any{"code": 81058, "message": "An identical record already exists."}}})
			return
		}
		p.records[key] = true
		p.answer(w, map[string]any{"success": true})
	})
	mux.HandleFunc("GET /zones/z1/dns_records", func(w http.ResponseWriter, r *http.Request) {
		list := []map[string]string{}
		for _, key := range slices.Sorted(maps.Keys(p.records)) {
			name, text, _ := strings.Cut(key, " ")
			if name == r.FormValue("name") {
				list = append(list, map[string]string{"id": fmt.Sprintf("%x", key), "type": "TXT", "name": name, "content": `"` + text + `"`})
			}
		}
		p.answer(w, map[string]any{"success": true, "result": list})
	})
	mux.HandleFunc("DELETE /zones/z1/dns_records/{id}", func(w http.ResponseWriter, r *http.Request) {
		var key []byte
		if _, err := fmt.Sscanf(r.PathValue("id"), "%x", &key); err != nil || !p.records[string(key)] {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		delete(p.records, string(key))
		p.answer(w, map[string]any{"success": true})
	})
	return withToken("Bearer "+token, mux)
}

func withToken(want string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != want {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"errors":[{"message":"Invalid access token"}]}`)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// deSEC as desec.readthedocs.io describes it.
func desecRoutes(p *provider) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /domains/", func(w http.ResponseWriter, r *http.Request) {
		list := []map[string]string{}
		if strings.HasSuffix(r.FormValue("owns_qname"), "example.org") {
			list = append(list, map[string]string{"name": "example.org"})
		}
		p.answer(w, list)
	})
	mux.HandleFunc("GET /domains/example.org/rrsets/{sub}/TXT/", func(w http.ResponseWriter, r *http.Request) {
		texts := p.texts(r.PathValue("sub") + ".example.org")
		if len(texts) == 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		p.answer(w, desecSet{Subname: r.PathValue("sub"), Type: "TXT", TTL: 3600, Records: texts})
	})
	mux.HandleFunc("PUT /domains/example.org/rrsets/", func(w http.ResponseWriter, r *http.Request) {
		var sets []desecSet
		if err := json.NewDecoder(r.Body).Decode(&sets); err != nil || len(sets) != 1 || sets[0].TTL < 3600 || sets[0].Records == nil {
			p.t.Errorf("%v %+v", err, sets)
		}
		name := sets[0].Subname + ".example.org"
		maps.DeleteFunc(p.records, func(key string, _ bool) bool { return strings.HasPrefix(key, name+" ") })
		for _, text := range sets[0].Records {
			p.records[name+" "+strings.Trim(text, `"`)] = true
		}
	})
	return withToken("Token "+token, mux)
}

func (p *provider) texts(name string) (list []string) {
	for _, key := range slices.Sorted(maps.Keys(p.records)) {
		if n, text, _ := strings.Cut(key, " "); n == name {
			list = append(list, `"`+text+`"`)
		}
	}
	return list
}

// Cloudflare and deSEC: records of others stay, twice is once, and what is wrong is told without the token.
func TestProviders(t *testing.T) {
	for _, c := range []struct {
		name   string
		routes func(*provider) http.Handler
		writer func(base, token string, client *http.Client) Writer
	}{
		{"cloudflare", cloudflareRoutes, Cloudflare},
		{"desec", desecRoutes, DeSEC},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProvider(t, c.routes)
			const name = "_acme-challenge.mail.example.org"
			p.records[name+" other"] = true
			write := c.writer(p.URL, token, p.Client())
			change := Change{Name: name, Text: "mine"}
			for range 2 {
				if err := write(t.Context(), change); err != nil {
					t.Fatal(err)
				}
			}
			if len(p.records) != 2 || !p.records[name+" mine"] {
				t.Errorf("%v", p.records)
			}
			change.Remove = true
			for range 2 {
				if err := write(t.Context(), change); err != nil {
					t.Fatal(err)
				}
			}
			if len(p.records) != 1 || !p.records[name+" other"] {
				t.Errorf("%v", p.records)
			}
			if err := write(t.Context(), Change{Name: "_acme-challenge.example.net", Text: "x"}); err == nil {
				t.Error("another's domain was written to")
			}
			err := c.writer(p.URL, "secret-token", p.Client())(t.Context(), change)
			if err == nil || strings.Contains(err.Error(), "secret-token") || !strings.Contains(err.Error(), "403") {
				t.Errorf("a wrong token: %v", err)
			}
		})
	}
}

func TestDuckDNS(t *testing.T) {
	var txt string
	p := newProvider(t, func(*provider) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/update" || r.FormValue("token") != token || r.FormValue("domains") != "casa" {
				_, _ = io.WriteString(w, "KO") // with the status of success
				return
			}
			if txt = r.FormValue("txt"); r.FormValue("clear") == "true" {
				txt = ""
			}
			_, _ = io.WriteString(w, "OK\n")
		})
	})
	write := DuckDNS(p.URL, token, p.Client())
	for _, name := range []string{"_acme-challenge.casa.duckdns.org", "_acme-challenge.mail.casa.duckdns.org"} {
		if err := write(t.Context(), Change{Name: name, Text: "mine"}); err != nil || txt != "mine" {
			t.Errorf("%s: %q, %v", name, txt, err)
		}
		if err := write(t.Context(), Change{Name: name, Text: "mine", Remove: true}); err != nil || txt != "" {
			t.Errorf("%s: %q, %v", name, txt, err)
		}
	}
	for _, name := range []string{"_acme-challenge.other.duckdns.org", "_acme-challenge.example.org"} {
		if err := write(t.Context(), Change{Name: name, Text: "mine"}); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	// The token is in the address, and must not be in what is told.
	p.Close()
	if err := write(t.Context(), Change{Name: "_acme-challenge.casa.duckdns.org", Text: "x"}); err == nil || strings.Contains(err.Error(), token) {
		t.Error(err)
	}
}
