package phone

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Nothing keeps the path or the password, and no page of others shows it.
func TestHeaders(t *testing.T) {
	d := newDesk(t)
	path := d.link()
	for _, w := range []*httptest.ResponseRecorder{
		d.ask(http.MethodGet, path), d.ask(http.MethodPost, path), d.ask(http.MethodGet, path), d.ask(http.MethodDelete, path),
		d.ask(http.MethodGet, "/phone/page.css"),
	} {
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%d: %s is %q", w.Code, name, got)
			}
		}
	}
	if w := d.ask(http.MethodPut, path); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PUT: %d %v", w.Code, w.Header())
	}
	if w := d.ask(http.MethodGet, "/phone/page.css"); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("style: %d %v", w.Code, w.Header())
	}
}

// In clear nothing is handed out, but on this machine.
func TestPlain(t *testing.T) {
	d := newDesk(t)
	path := d.link()
	for _, c := range []struct {
		method, host, from string
		status             int
		location           string
	}{
		{http.MethodGet, "mail.example.org", "192.168.1.7:1234", http.StatusTemporaryRedirect, "https://mail.example.org" + path},
		{http.MethodPost, "mail.example.org:10080", "192.168.1.7:1234", http.StatusTemporaryRedirect, "https://mail.example.org" + path},
		{http.MethodGet, "[2001:db8::1]:80", "[2001:db8::2]:1234", http.StatusTemporaryRedirect, "https://[2001:db8::1]" + path},
		{http.MethodGet, "mail.example.org", "", http.StatusTemporaryRedirect, "https://mail.example.org" + path},
		{http.MethodGet, "mail.example.org", "127.0.0.1:1234", http.StatusOK, ""},
		{http.MethodGet, "mail.example.org", "[::ffff:127.0.0.1]:1234", http.StatusOK, ""},
	} {
		r := httptest.NewRequest(c.method, path, nil)
		r.Host, r.RemoteAddr = c.host, c.from
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Location") != c.location {
			t.Errorf("%+v: %d %q", c, w.Code, w.Header().Get("Location"))
		}
	}
	d.wantDevices()
}

// Who follows an old link reads why, in a language of theirs.
func TestOver(t *testing.T) {
	d := newDesk(t)
	for accept, want := range map[string]string{
		"": "This link is over", "es-MX,es;q=0.9,en;q=0.8": "Este enlace ya no vale", "fr": "This link is over", ";;,": "This link is over",
	} {
		w := d.ask(http.MethodGet, "/phone/AAAAAAAAAAAAAAAAAAAAAA", "Accept-Language", accept)
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "<form") {
			t.Errorf("%q: %d %s", accept, w.Code, w.Body)
		}
	}
}

// Whatever a stranger asks, they get a page, and nothing is made or used up.
func FuzzHandler(f *testing.F) {
	for _, path := range []string{"", "page.css", "page.html", "../x", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA\n", "%00", "AAAAAAAAAAAAAAAAAAAAAB=="} {
		f.Add("GET", path, "es-ES,es;q=0.9")
		f.Add("POST", path, ",;=\xff")
	}
	f.Fuzz(func(t *testing.T, method, path, languages string) {
		l := NewLinks(Options{Rand: rand.Reader, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if _, err := l.Make(Link{Lang: "en"}); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "https://mail.example.org/", nil)
		r.Method, r.URL.Path = method, Folder+path
		r.Header.Set("Accept-Language", languages)
		w := httptest.NewRecorder()
		l.Handler().ServeHTTP(w, r)
		css := path == "page.css" && w.Code < 400
		if !css && w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed || len(l.open) != 1 {
			t.Fatalf("%d, %d links", w.Code, len(l.open))
		}
	})
}

// Only what is below the folder is the links'.
func TestBefore(t *testing.T) {
	d := newDesk(t)
	h := d.Before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for path, next := range map[string]bool{d.link(): false, Folder + "none": false, "/": true, "/phones": true, "/other/phone/": true} {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://mail.example.org"+path, nil)); (w.Code == http.StatusTeapot) != next {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
