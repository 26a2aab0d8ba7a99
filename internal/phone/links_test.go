package phone

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/config"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/text"
)

// desk is links over a file with ana in it, and a clock that stands still.
type desk struct {
	*Links
	t      *testing.T
	ana    message.Address
	now    time.Time
	signer *tls.Certificate
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "buzon.db"), store.Options{Log: log, Now: time.Now, Limits: config.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	d := &desk{t: t, ana: message.Address{Local: "ana", Domain: "example.org"}, now: time.Now(), signer: newAuthority(t).selfSigned(ecKey(t))}
	if err := st.AddDomain(t.Context(), d.ana.Domain); err != nil {
		t.Fatal(err)
	}
	if _, err := st.AddAccount(t.Context(), d.ana, "a long password"); err != nil {
		t.Fatal(err)
	}
	d.Links = NewLinks(Options{
		Store: st, Signer: func() *tls.Certificate { return d.signer }, Rand: rand.Reader, Now: func() time.Time { return d.now }, Log: log,
	})
	return d
}

// link makes one for ana's phone.
func (d *desk) link() string {
	d.t.Helper()
	path, err := d.Make(Link{Account: d.ana, Settings: New("Ana", d.ana, "mail.example.org"), Device: "iPhone", Lang: "es"})
	if err != nil {
		d.t.Fatal(err)
	}
	return path
}

// ask sends a request over TLS from somewhere in the world.
func (d *desk) ask(method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://mail.example.org"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w
}

// devices are the app passwords that ana has.
func (d *desk) devices() (names []string) {
	d.t.Helper()
	list, err := d.Store.AppPasswords(context.Background(), d.ana)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

func (d *desk) wantDevices(want ...string) {
	d.t.Helper()
	if got := strings.Join(d.devices(), ","); got != strings.Join(want, ",") {
		d.t.Errorf("app passwords %q, want %q", got, want)
	}
}

// A preview of the link may look as often as it likes; the button works once, and what it gives lets the phone in.
func TestOneTime(t *testing.T) {
	d := newDesk(t)
	path := d.link()
	for range 3 {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := d.ask(method, path, "Sec-Purpose", "prefetch")
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `<form method="post"><button>Obtener el perfil</button></form>`) {
				t.Fatalf("%s: %d %s", method, w.Code, w.Body)
			}
		}
	}
	d.wantDevices()
	w := d.ask(http.MethodPost, path)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/x-apple-aspen-config" ||
		w.Header().Get("Content-Disposition") != "attachment; filename=ana@example.org.mobileconfig" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	d.wantDevices("iPhone")
	d.wantLogin(w.Body.String())
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if w := d.ask(method, path); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "example.org") {
			t.Errorf("%s again: %d %s", method, w.Code, w.Body)
		}
	}
	d.wantDevices("iPhone")
}

// wantLogin logs in with the password that stands in a profile. The signature is around it, not over it.
func (d *desk) wantLogin(profile string) {
	d.t.Helper()
	_, rest, _ := strings.Cut(profile, "<key>IncomingPassword</key>")
	password, _, ok := strings.Cut(strings.TrimPrefix(rest, "\n<string>"), "</string>")
	if !ok {
		d.t.Fatal("no password in the profile")
	}
	if _, err := d.Store.Authenticate(d.t.Context(), d.ana.String(), password); err != nil {
		d.t.Errorf("log in with %q: %v", password, err)
	}
}

// What ran out has left nothing.
func TestTooLate(t *testing.T) {
	d := newDesk(t)
	path := d.link()
	d.now = d.now.Add(Life - time.Second)
	if w := d.ask(http.MethodGet, path); w.Code != http.StatusOK {
		t.Errorf("in time: %d", w.Code)
	}
	d.now = d.now.Add(time.Second)
	if w := d.ask(http.MethodPost, path); w.Code != http.StatusNotFound {
		t.Errorf("too late: %d", w.Code)
	}
	d.wantDevices()
	if len(d.open) != 0 {
		t.Errorf("%d links are kept", len(d.open))
	}
}

// Each device has a name of its own.
func TestSecondDevice(t *testing.T) {
	d := newDesk(t)
	for range 3 {
		if w := d.ask(http.MethodPost, d.link()); w.Code != http.StatusOK {
			t.Fatal(w.Code)
		}
	}
	d.wantDevices("iPhone", "iPhone 2", "iPhone 3")
}

// When the file cannot be made or sent, no password is left, and the link still works.
func TestFailure(t *testing.T) {
	d := newDesk(t)
	path, good := d.link(), d.signer
	d.signer = nil
	w := d.ask(http.MethodPost, path)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "No ha funcionado") || strings.Contains(w.Body.String(), "certificate") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.wantDevices()
	d.signer = good
	d.Handler().ServeHTTP(gone{httptest.NewRecorder()}, httptest.NewRequest(http.MethodPost, "https://mail.example.org"+path, nil))
	d.wantDevices()
	if w := d.ask(http.MethodPost, path); w.Code != http.StatusOK {
		t.Errorf("again: %d", w.Code)
	}
	d.wantDevices("iPhone")
}

// gone is a phone that hung up.
type gone struct{ *httptest.ResponseRecorder }

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// Of many that ask at once one gets it.
func TestRace(t *testing.T) {
	d := newDesk(t)
	path := d.link()
	var all sync.WaitGroup
	got := make(chan int, 8)
	for range cap(got) {
		all.Go(func() { got <- d.ask(http.MethodPost, path).Code })
	}
	all.Wait()
	close(got)
	count := map[int]int{}
	for code := range got {
		count[code]++
	}
	if count[http.StatusOK] != 1 || count[http.StatusNotFound] != 7 {
		t.Errorf("%v", count)
	}
	d.wantDevices("iPhone")
}

// Nobody crowds out the others, and memory has an end.
func TestCaps(t *testing.T) {
	d := newDesk(t)
	first := d.link()
	var last string
	for range maxOfOne {
		last = d.link()
	}
	if d.ask(http.MethodGet, first).Code != http.StatusNotFound || d.ask(http.MethodGet, last).Code != http.StatusOK || len(d.open) != maxOfOne {
		t.Errorf("%d links of one", len(d.open))
	}
	var err error
	for i := range maxLinks {
		other := message.Address{Local: strings.Repeat("x", i+1), Domain: "example.org"}
		if _, err = d.Make(Link{Account: other, Lang: "en"}); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrFull) || len(d.open) != maxLinks {
		t.Errorf("%d links, %v", len(d.open), err)
	}
	d.link() // takes the place of one of their own
	d.now = d.now.Add(Life)
	d.link()
	if len(d.open) != 1 {
		t.Errorf("%d links after they ended", len(d.open))
	}
}

// The path is random, and its source is asked.
func TestToken(t *testing.T) {
	d := newDesk(t)
	a, b := d.link(), d.link()
	if a == b || len(a) != len("/phone/")+22 {
		t.Errorf("%s %s", a, b)
	}
	d.Rand = strings.NewReader("too short")
	if _, err := d.Make(Link{Account: d.ana}); err == nil {
		t.Error("a path without randomness")
	}
}

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

// Whose account is gone gets nothing.
func TestNoAccount(t *testing.T) {
	d := newDesk(t)
	path := d.link()
	if err := d.Store.RemoveAccount(t.Context(), d.ana); err != nil {
		t.Fatal(err)
	}
	if w := d.ask(http.MethodPost, path); w.Code != http.StatusNotFound {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if err := Forget(t.Context(), d.Store, d.ana, Settings{Device: "iPhone"}); err != nil {
		t.Errorf("nothing is left to forget: %v", err)
	}
}

func TestSettingsAsText(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "Your name: ana\nMail address: ana@example.org\nUser name: ana@example.org\nPassword of this device: abc\n\nIncoming mail: IMAP\n" +
			"  Server: mail.example.org\n  Port: 993\n  Security: SSL/TLS\nOutgoing mail: SMTP\n  Server: mail.example.org\n  Port: 465\n",
		"es": "Correo saliente: SMTP\n  Servidor: mail.example.org\n  Puerto: 465\n  Seguridad: SSL/TLS\n",
	} {
		s := New("", message.Address{Local: "ana", Domain: "example.org"}, "mail.example.org")
		s.Password = "abc"
		if got := Plain(s, text.Load(lang)); !strings.Contains(got, want) || !strings.HasSuffix(got, "\n") || strings.Contains(got, "{") {
			t.Errorf("%s: %s", lang, got)
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
		r.Method, r.URL.Path = method, folder+path
		r.Header.Set("Accept-Language", languages)
		w := httptest.NewRecorder()
		l.Handler().ServeHTTP(w, r)
		css := path == "page.css" && w.Code < 400
		if !css && w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed || len(l.open) != 1 {
			t.Fatalf("%d, %d links", w.Code, len(l.open))
		}
	})
}
