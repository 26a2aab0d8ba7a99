package page

import (
	"context"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"buzon/internal/config"
	"buzon/internal/limit"
	"buzon/internal/login"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/text"
)

const (
	secret = "correct horse battery"
	home   = "192.168.1.20:5000"
	abroad = "198.51.100.7:5000"
)

// bench is a page over a store of its own, with ana, who is the admin, and luis, who is not.
type bench struct {
	*Page
	t     testing.TB
	store *store.Store
}

func newBench(t testing.TB, changes ...func(*Options)) *bench {
	t.Helper()
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	path := filepath.Join(t.TempDir(), "x.db")
	st, err := store.Open(ctx, path, store.Options{Log: log, Now: time.Now, Limits: config.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.AddDomain(ctx, "example.org"); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"ana", "luis"} {
		if _, err := st.AddAccount(ctx, message.Address{Local: who, Domain: "example.org"}, secret); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.SetAdmin(ctx, message.Address{Local: "ana", Domain: "example.org"}, true); err != nil {
		t.Fatal(err)
	}
	guard := &limit.Guard{Free: 1000, Base: time.Second, Max: time.Second, HalfLife: time.Hour, Trust: time.Hour, Entries: 100, Now: time.Now}
	o := Options{
		Store: st, Door: &login.Door{Store: st, Guard: guard, Log: log}, Claimed: func() bool { return true },
		Home: func(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() },
		Name: func() string { return "mail.example.org" }, NameFor: func(d string) string { return "mail." + d },
		Local: func() string { return "buzon.local" }, Trusted: func() bool { return false }, Reaches: func() bool { return true },
		Log: log, Now: time.Now, Data: path,
	}
	for _, change := range changes {
		change(&o)
	}
	p := New(o)
	t.Cleanup(p.Close)
	return &bench{Page: p, t: t, store: st}
}

// browser is one that keeps its cookies and follows nothing.
type browser struct {
	*bench
	host, from string
	secure     bool
	lang       string
	cookies    map[string]string
}

func (b *bench) browser() *browser {
	return &browser{bench: b, host: "buzon.local", from: home, cookies: map[string]string{}}
}

// as is a browser in which somebody has logged in.
func (b *bench) as(who string) *browser {
	b.t.Helper()
	br := b.browser()
	if w := br.post("/login", "address", who+"@example.org", "password", secret); w.Code != http.StatusSeeOther {
		b.t.Fatalf("log-in: %d %s", w.Code, w.Body)
	}
	return br
}

func (br *browser) do(r *http.Request) *httptest.ResponseRecorder {
	r.Host, r.RemoteAddr = br.host, br.from
	for name, value := range br.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if br.lang != "" {
		r.Header.Set("Accept-Language", br.lang)
	}
	w := httptest.NewRecorder()
	br.Handler(br.secure).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(br.cookies, c.Name)
		} else {
			br.cookies[c.Name] = c.Value
		}
	}
	return w
}

func (br *browser) get(path string) *httptest.ResponseRecorder {
	return br.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form as a browser does from one of our pages.
func (br *browser) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return br.do(r)
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// token is that of the forms on a page.
func (br *browser) token(path string) string {
	br.t.Helper()
	m := tokenField.FindStringSubmatch(br.get(path).Body.String())
	if m == nil {
		br.t.Fatalf("%s has no form with a token", path)
	}
	return m[1]
}

// submit is post with the token of the page at from.
func (br *browser) submit(from, path string, pairs ...string) *httptest.ResponseRecorder {
	br.t.Helper()
	return br.post(path, append(pairs, "token", br.token(from))...)
}

func wantCode(t testing.TB, what string, w *httptest.ResponseRecorder, code int) {
	t.Helper()
	if w.Code != code {
		t.Errorf("%s: %d, want %d: %s", what, w.Code, code, w.Body)
	}
}

func TestLogin(t *testing.T) {
	b := newBench(t)
	br := b.browser()
	w := br.post("/login", "address", "ana@example.org", "password", "wrong")
	wantCode(t, "wrong password", w, http.StatusForbidden)
	if !strings.Contains(w.Body.String(), text.Load("en").Say("page_login_refused")) || !strings.Contains(w.Body.String(), `value="ana@example.org"`) {
		t.Errorf("the form does not tell: %s", w.Body)
	}
	app, err := b.store.AddAppPassword(context.Background(), message.Address{Local: "ana", Domain: "example.org"}, "phone")
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "an app password", br.post("/login", "address", "ana@example.org", "password", app), http.StatusForbidden)
	w = br.post("/login", "address", "ana@example.org", "password", secret)
	wantCode(t, "log-in", w, http.StatusSeeOther)
	if c := w.Header().Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") || strings.Contains(c, "Secure") {
		t.Errorf("cookie: %s", c)
	}
	if w := br.get("/"); w.Header().Get("Location") != "/status" {
		t.Errorf("an admin begins at %q", w.Header().Get("Location"))
	}
	if w := b.as("luis").get("/"); w.Header().Get("Location") != "/me" {
		t.Errorf("others begin at %q", w.Header().Get("Location"))
	}
}

// A domain that came by the command line alone has nobody who could log in.
func TestNobody(t *testing.T) {
	b := newBench(t)
	hint := text.Load("en").Say("page_login_nobody")
	if strings.Contains(b.browser().get("/login").Body.String(), hint) {
		t.Error("told while there are accounts")
	}
	for _, who := range []string{"ana", "luis"} {
		if err := b.store.RemoveAccount(t.Context(), message.Address{Local: who, Domain: "example.org"}); err != nil {
			t.Fatal(err)
		}
	}
	if body := b.browser().get("/login").Body.String(); !strings.Contains(body, hint) {
		t.Errorf("not told: %s", body)
	}
}

// A password that was changed ends the sessions that it began, wherever it was changed.
func TestPasswordEndsSessions(t *testing.T) {
	b := newBench(t)
	br := b.as("ana")
	if err := b.store.SetPassword(context.Background(), message.Address{Local: "ana", Domain: "example.org"}, "another one"); err != nil {
		t.Fatal(err)
	}
	if w := br.get("/"); w.Header().Get("Location") != "/login" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestGuard(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*browser)
		code   int
	}{
		{"home", func(*browser) {}, http.StatusOK},
		{"by address", func(br *browser) { br.host = "192.168.1.5:8080" }, http.StatusOK},
		{"by IPv6", func(br *browser) { br.host = "[fd00::5]" }, http.StatusOK},
		{"by label", func(br *browser) { br.host = "buzon" }, http.StatusOK},
		{"by name", func(br *browser) { br.host = "mail.example.org" }, http.StatusOK},
		{"by domain", func(br *browser) { br.host = "example.org" }, http.StatusOK},
		// DNS rebinding.
		{"somebody's name", func(br *browser) { br.host = "evil.example" }, http.StatusMisdirectedRequest},
		{"a name that ends like ours", func(br *browser) { br.host = "evil.example.org" }, http.StatusMisdirectedRequest},
		{"no name", func(br *browser) { br.host = "" }, http.StatusMisdirectedRequest},
		// Without TLS the page is for the home.
		{"abroad", func(br *browser) { br.from = abroad }, http.StatusForbidden},
		{"abroad over TLS", func(br *browser) { br.from, br.secure = abroad, true }, http.StatusOK},
	} {
		br := newBench(t).browser()
		c.change(br)
		w := br.get("/login")
		wantCode(t, c.what, w, c.code)
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", c.what, csp)
		}
	}
}

// Forms of other sites, and forms without the session's token, do nothing.
func TestForgery(t *testing.T) {
	br := newBench(t).as("ana")
	for _, c := range []struct {
		name, value string
		code        int
	}{
		{"Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{"Sec-Fetch-Site", "same-site", http.StatusForbidden},
		{"Origin", "https://evil.example", http.StatusForbidden},
		{"Origin", "null", http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(""))
		r.Header.Set(c.name, c.value)
		wantCode(t, c.name+" "+c.value, br.do(r), c.code)
	}
	wantCode(t, "no token", br.post("/logout"), http.StatusForbidden)
	wantCode(t, "wrong token", br.post("/logout", "token", "x"), http.StatusForbidden)
	if br.get("/").Header().Get("Location") != "/status" {
		t.Error("logged out all the same")
	}
}

// Once a certificate is there that browsers believe, the page is seen over TLS.
func TestRedirectsToTLS(t *testing.T) {
	for _, c := range []struct {
		host    string
		reaches bool
		want    string
	}{
		{"mail.example.org", false, "https://mail.example.org/login?x=1"},
		{"192.168.1.5", true, "https://mail.example.org/login?x=1"},
		{"192.168.1.5", false, ""}, // the router leads nobody back inside
	} {
		br := newBench(t, func(o *Options) {
			o.Trusted, o.Reaches = func() bool { return true }, func() bool { return c.reaches }
		}).browser()
		br.host = c.host
		if got := br.get("/login?x=1").Header().Get("Location"); got != c.want {
			t.Errorf("%s, %v: %q, want %q", c.host, c.reaches, got, c.want)
		}
	}
}

func TestRate(t *testing.T) {
	now := time.Now()
	br := newBench(t, func(o *Options) { o.Now = func() time.Time { return now } }).browser()
	for range burst {
		wantCode(t, "within the rate", br.get("/static/page.css"), http.StatusOK)
	}
	wantCode(t, "beyond", br.get("/static/page.css"), http.StatusTooManyRequests)
	br.from = "192.168.1.21:1"
	wantCode(t, "another address", br.get("/static/page.css"), http.StatusOK)
}

func TestLanguage(t *testing.T) {
	br := newBench(t).browser()
	for wish, lang := range map[string]string{"": "en", "es-MX,es;q=0.9,en;q=0.8": "es", "de,es;q=0.5": "es", "en-GB": "en", "fr": "en"} {
		br.lang = wish
		if body := br.get("/login").Body.String(); !strings.Contains(body, `<html lang="`+lang+`">`) {
			t.Errorf("%q: not %s", wish, lang)
		}
	}
	br.lang = "en"
	w := br.post("/language", "lang", "es", "path", "/login")
	if w.Header().Get("Location") != "/login" || !strings.Contains(br.get("/login").Body.String(), `<html lang="es">`) {
		t.Errorf("the choice does not hold: %d %v", w.Code, w.Header())
	}
	for path, want := range map[string]string{"//evil.example": "/", "https://evil.example": "/", "/\\evil": "/", "/a\r\nb": "/", "": "/", "/x": "/x"} {
		if got := ourPath(path); got != want {
			t.Errorf("%q: %q", path, got)
		}
	}
}

// Every static file is served with its type, and every template can be read.
func TestFiles(t *testing.T) {
	br := newBench(t).browser()
	for _, name := range []string{"page.css", "page.js", "icon.svg"} {
		if w := br.get(staticPath(name)); w.Code != http.StatusOK || w.Header().Get("Content-Type") != kindOf(name) {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	wantCode(t, "no such file", br.get("/static/x.css"), http.StatusNotFound)
	names, err := fs.Glob(files, "templates/[a-z]*.html")
	if err != nil || len(names) < 3 {
		t.Fatalf("%v %v", names, err)
	}
	for _, name := range names {
		if _, err := template.New("x").Funcs(functions(text.Load("es"))).ParseFS(files, "templates/_*.html", name); err != nil {
			t.Error(err)
		}
	}
}

// All that the page is made of fits into 120 KB.
func TestSize(t *testing.T) {
	sum := 0
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		sum += len(content)
		return err
	})
	if err != nil || sum > 120_000 {
		t.Errorf("%d octets, %v", sum, err)
	}
	t.Logf("%d octets", sum)
}
