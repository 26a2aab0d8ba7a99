package page

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/claim"
	"buzon/internal/config"
	"buzon/internal/dnsupdate"
	"buzon/internal/message"
	"buzon/internal/publish"
	"buzon/internal/store"
	"buzon/internal/text"
)

// fresh is a box that nobody has claimed, and what its console shows.
type fresh struct {
	*bench
	mu   sync.Mutex
	code string
	now  time.Time // of the claim code's waits
	keeper
}

// keeper plays who keeps the DNS of a domain.
type keeper struct {
	zone      []dnsupdate.Record
	addresses []netip.Addr
	fails     error
}

func newFresh(t testing.TB) *fresh {
	t.Helper()
	f := &fresh{now: time.Now()}
	f.bench = newBox(t, func(o *Options) {
		st := o.Store
		o.Claimed = func() bool {
			domains, err := st.Domains(context.Background())
			if err != nil {
				t.Error(err)
			}
			return len(domains) > 0
		}
		var err error
		o.Claim, err = claim.New(claim.Options{Now: f.time, Publish: f.show})
		if err != nil {
			t.Fatal(err)
		}
		o.Publish = f.keeper.desk(o)
		ctx := context.Background()
		if err := errors.Join(st.RemoveAccount(ctx, ana), st.RemoveAccount(ctx, luis), st.RemoveDomain(ctx, "example.org")); err != nil {
			t.Fatal(err)
		}
	})
	return f
}

func (k *keeper) desk(o *Options) *publish.Desk {
	return &publish.Desk{Options: publish.Options{
		Store: o.Store, Keys: o.Keys, Now: o.Now, Log: o.Log,
		Addresses: func(context.Context) ([]netip.Addr, error) { return slices.Clone(k.addresses), nil },
		Provider: func(s *config.Settings) (dnsupdate.Provider, error) {
			p, err := publish.World{Now: time.Now}.Provider(s)
			p.Read, p.Put = k.read, k.put
			return p, err
		},
	}}
}

func (k *keeper) read(_ context.Context, name string, _ []string) (list []dnsupdate.Record, err error) {
	for _, r := range k.zone {
		if r.Name == name {
			list = append(list, r)
		}
	}
	return list, k.fails
}

func (k *keeper) put(_ context.Context, sets []dnsupdate.Set) error {
	for _, s := range sets {
		k.zone = slices.DeleteFunc(k.zone, func(r dnsupdate.Record) bool { return r.Name == s.Name && r.Type == s.Type })
		k.zone = append(k.zone, s.Want...)
	}
	return k.fails
}

func (f *fresh) time() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// wait lets time pass for who guesses.
func (f *fresh) wait(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *fresh) show(code string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.code = code
	return nil
}

func (f *fresh) shown() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.code
}

// claimed is a browser that typed the code.
func (f *fresh) claimed() *browser {
	f.t.Helper()
	br := f.browser()
	f.wantPath("the code", br.post("/setup", "code", f.shown()), "/setup/you")
	return br
}

// owner is a browser in which the first person is logged in.
func (f *fresh) owner() *browser {
	f.t.Helper()
	br := f.claimed()
	f.wantPath("the form", br.submit("/setup/you", "/setup/you", "name", "Ana García", "address", "ana@example.org", "password", secret, "again", secret), "/setup/line")
	return br
}

func (b *bench) wantPath(what string, w *httptest.ResponseRecorder, path string) {
	b.t.Helper()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != path {
		b.t.Errorf("%s: %d to %q, want %q: %s", what, w.Code, w.Header().Get("Location"), path, w.Body)
	}
}

func wantSaid(t testing.TB, what, body, lang, key string, pairs ...any) {
	t.Helper()
	want := escaped(text.Load(lang).Say(key, pairs...))
	if !strings.Contains(body, want) {
		t.Errorf("%s: does not say %q: %s", what, want, body)
	}
}

// escaped is a text as it stands in HTML.
func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", `"`, "&#34;", "<", "&lt;", ">", "&gt;", "'", "&#39;", "+", "&#43;").Replace(s)
}

// Whoever comes to a box without an owner is asked for the code, and gets no further without.
func TestClaim(t *testing.T) {
	f := newFresh(t)
	br := f.browser()
	f.wantPath("the beginning", br.get("/"), "/setup")
	f.wantPath("the form without a code", br.get("/setup/you"), "/setup")
	f.wantPath("sending it without a code", br.post("/setup/you", "name", "Eve", "address", "eve@example.org", "password", secret, "again", secret), "/setup")
	f.wantPath("a later step", br.get("/setup/dns"), "/login")
	for _, lang := range []string{"en", "es"} {
		br.lang = lang
		w := br.get("/setup")
		wantCode(t, lang, w, http.StatusOK)
		checkPage(t, lang, "/setup", w.Body.String())
		if !strings.Contains(w.Body.String(), `inputmode="numeric"`) || !strings.Contains(w.Body.String(), `aria-current="step"`) {
			t.Errorf("%s: %s", lang, w.Body)
		}
		w = br.post("/setup", "code", "0000 0000")
		wantCode(t, "wrong code", w, http.StatusForbidden)
		wantSaid(t, "wrong code", w.Body.String(), lang, "page_setup_code_wrong")
	}
	br = f.claimed() // spaces and all
	f.wantPath("the code once more", br.get("/setup"), "/setup/you")
	wantCode(t, "the form without its token", br.post("/setup/you", "name", "x"), http.StatusForbidden)
}

// Guessing is slow, is told so, and comes to an end with a new code.
func TestClaimGuessing(t *testing.T) {
	f := newFresh(t)
	first, br := f.shown(), f.browser()
	wrong, slow := 0, 0
	for wrong < 10 {
		switch w := br.post("/setup", "code", "99999999"); w.Code {
		case http.StatusForbidden:
			wrong++
		case http.StatusTooManyRequests:
			if slow++; w.Header().Get("Retry-After") == "" {
				t.Error("it is not told how long to wait")
			}
			wantSaid(t, "too fast", w.Body.String(), "en", "page_setup_code_slow", "seconds", w.Header().Get("Retry-After"))
			f.wait(time.Minute)
		default:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if slow == 0 || f.shown() == first {
		t.Errorf("slowed %d times, code %q, was %q", slow, f.shown(), first)
	}
	f.wait(time.Hour)
	wantCode(t, "the old code", br.post("/setup", "code", first), http.StatusForbidden)
	f.wantPath("the new one", br.post("/setup", "code", f.shown()), "/setup/you")
}

// What is not right comes back with a sentence and what was typed, and nothing is made.
func TestYouMistakes(t *testing.T) {
	f := newFresh(t)
	br := f.claimed()
	for _, c := range []struct {
		what, name, address, password, again, key string
		pairs                                     []any
	}{
		{"half an address", "Ana", "example.org", secret, secret, "page_setup_address_half", []any{"text", "example.org"}},
		{"a bad one", "Ana", "an a@exa mple", secret, secret, "page_setup_address_bad", []any{"text", "an a@exa mple"}},
		{"a literal", "Ana", "ana@[192.0.2.1]", secret, secret, "page_setup_address_bad", []any{"text", "ana@[192.0.2.1]"}},
		{"a name at home", "Ana", "ana@casa", secret, secret, "page_setup_address_house", []any{"domain", "casa"}},
		{"local", "Ana", "ana@buzon.local", secret, secret, "page_setup_address_house", []any{"domain", "buzon.local"}},
		{"gmail", "Ana", "ana@gmail.com", secret, secret, "page_setup_address_free", []any{"domain", "gmail.com"}},
		{"yahoo elsewhere", "Ana", "ana@yahoo.co.uk", secret, secret, "page_setup_address_free", []any{"domain", "yahoo.co.uk"}},
		{"a short password", "Ana", "ana@example.org", "short", "short", "page_error_short_password", []any{"least", minPassword}},
		{"two passwords", "Ana", "ana@example.org", secret, secret + "x", "page_error_two_passwords", nil},
		{"a password with control characters", "Ana", "ana@example.org", secret + "\x00", secret + "\x00", "page_error_bad_password", nil},
		{"a hostile name", "a\r\nBcc: eve@evil.example", "ana@example.org", secret, secret, "page_error_bad_name", nil},
		{"a long name", strings.Repeat("ñ", 200), "ana@example.org", secret, secret, "page_error_bad_name", nil},
		{"nonsense", "<script>alert(1)</script>", `"><img src=x>@x`, secret, secret, "page_setup_address_bad", []any{"text", `"><img src=x>@x`}},
	} {
		for _, lang := range []string{"en", "es"} {
			br.lang = lang
			w := br.submit("/setup/you", "/setup/you", "name", c.name, "address", c.address, "password", c.password, "again", c.again)
			wantCode(t, c.what, w, http.StatusUnprocessableEntity)
			body := w.Body.String()
			wantSaid(t, c.what, body, lang, c.key, c.pairs...)
			if !strings.Contains(body, `value="`+escaped(c.address)+`"`) || strings.Contains(body, c.password) && c.password != "short" || strings.Contains(body, "<script>") || strings.Contains(body, "<img") {
				t.Errorf("%s: %s", c.what, body)
			}
			checkPage(t, lang, c.what, body)
		}
	}
	if f.Claimed() || f.shown() == "" {
		t.Error("something was made")
	}
}

// The account is whole: domain with keys, name, admin, language; and the code is gone.
func TestYou(t *testing.T) {
	f := newFresh(t)
	br := f.claimed()
	br.lang = "es"
	f.wantPath("the form", br.submit("/setup/you", "/setup/you", "name", `Ana "<b>" García`, "address", " Ana@Example.ORG ", "password", secret, "again", secret), "/setup/line")
	ctx := context.Background()
	acc, err := f.store.Account(ctx, message.Address{Local: "Ana", Domain: "example.org"})
	if err != nil || !acc.Admin || acc.Name != `Ana "<b>" García` {
		t.Errorf("%+v, %v", acc, err)
	}
	if keys, err := f.Keys.Keys(ctx, "example.org", store.KeyActive); err != nil || len(keys) == 0 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if f.store.Settings().Language != "es" || f.shown() != "" {
		t.Errorf("language %s, code %q", f.store.Settings().Language, f.shown())
	}
	f.wantPath("the set-up", br.get("/setup"), "/setup/line")
	f.wantPath("the beginning", br.get("/"), "/setup")
	f.wantPath("sending the form again", br.submit("/setup/line", "/setup/you", "name", "Eve", "address", "eve@example.org", "password", secret, "again", secret), "/setup")
	if list, err := f.store.Accounts(ctx); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// Two who have the code: one is the owner, the other is sent to log in.
func TestTwoClaim(t *testing.T) {
	f := newFresh(t)
	one, two := f.claimed(), f.claimed()
	token := two.token("/setup/you")
	f.wantPath("one", one.submit("/setup/you", "/setup/you", "address", "ana@example.org", "password", secret, "again", secret), "/setup/line")
	f.wantPath("two", two.post("/setup/you", "token", token, "address", "eve@example.net", "password", secret, "again", secret), "/setup")
	f.wantPath("two again", two.get("/setup"), "/login")
	if domains, err := f.store.Domains(context.Background()); err != nil || len(domains) != 1 {
		t.Errorf("%+v, %v", domains, err)
	}
}

// A kill after the account was made and before anything else: the person logs in and goes on where they were.
func TestKilledAfterAccount(t *testing.T) {
	f := newFresh(t)
	_, err := f.store.Begin(context.Background(), store.First{
		Address: ana, Name: "Ana", Password: secret, Language: "en", Next: stepLine,
	})
	if err != nil {
		t.Fatal(err)
	}
	br := f.browser()
	f.wantPath("a stranger", br.get("/setup"), "/")
	f.wantPath("the beginning", br.get("/"), "/login")
	br = f.as("ana")
	f.wantPath("after log-in", br.get("/"), "/setup")
	f.wantPath("the set-up", br.get("/setup"), "/setup/line")
	wantCode(t, "the records, whose keys nobody made", br.get("/setup/dns"), http.StatusOK)
}
