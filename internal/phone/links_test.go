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
		w.Header().Get("Content-Disposition") != `attachment; filename="ana@example.org.mobileconfig"` {
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
