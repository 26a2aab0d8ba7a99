package trust

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"buzon/internal/acme"
	"buzon/internal/certs"
	"buzon/internal/clock"
	"buzon/internal/config"
	"buzon/internal/dns"
	"buzon/internal/dnsupdate"
	"buzon/internal/store"
)

// house is a Trust over a file of its own, with a clock that can be put forward and a world that answers nothing.
type house struct {
	*Trust
	t     *testing.T
	ahead atomic.Int64
	asked atomic.Int64 // requests over HTTP
	zone  *dns.Map
}

func newHouse(t *testing.T, change ...func(*Options)) *house {
	t.Helper()
	h := &house{t: t, zone: dns.NewMap("")}
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "buzon.db"), store.Options{
		Log: slog.New(slog.DiscardHandler), Now: h.now, Limits: config.DefaultLimits(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	o := Options{
		Store: st, Name: func() string { return "buzon" }, Now: h.now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		HTTP: &http.Client{Transport: h}, Resolver: func() dns.Resolver { return h.zone },
	}
	for _, c := range change {
		c(&o)
	}
	if h.Trust, err = New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// RoundTrip is the world.
func (h *house) RoundTrip(*http.Request) (*http.Response, error) {
	h.asked.Add(1)
	return nil, io.EOF
}

func (h *house) add(domain string) {
	h.t.Helper()
	if err := h.Store.AddDomain(h.t.Context(), domain); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) set(name, value string) {
	h.t.Helper()
	if err := h.Store.Set(h.t.Context(), name, value); err != nil {
		h.t.Fatal(err)
	}
}

// run lets the manager work until the test ends.
func (h *house) run() {
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan bool)
	go func() {
		h.Run(ctx)
		close(done)
	}()
	h.t.Cleanup(func() {
		cancel()
		<-done
	})
}

func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			h.t.Fatalf("it did not come to be that %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestNames(t *testing.T) {
	h := newHouse(t)
	if names, err := h.names(t.Context()); err != nil || names != nil {
		t.Errorf("%v, %v in an empty house", names, err)
	}
	h.add("muñoz.example")
	h.add("example.net")
	names, err := h.names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(list(names), " ")
	want := "mail.example.net mail.xn--muoz-hqa.example autoconfig.example.net autodiscover.example.net mta-sts.example.net ua-auto-config.example.net " +
		"autoconfig.xn--muoz-hqa.example autodiscover.xn--muoz-hqa.example mta-sts.xn--muoz-hqa.example ua-auto-config.xn--muoz-hqa.example"
	if got != want {
		t.Errorf("%s", got)
	}
	h.set("server.name", "post.example.net")
	if names, err = h.names(t.Context()); err != nil || names[0].Name != "post.example.net" || !names[0].Main {
		t.Errorf("%v, %v", names, err)
	}
}

// At rest: one goroutine, little memory, and nobody is asked, neither before there is a domain nor for one that is not real.
func TestAtRest(t *testing.T) {
	h := newHouse(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	h.run()
	h.add("example.test")
	h.until("the names are known", func() bool { return h.Source.HasPhones([]string{"mta-sts.example.test"}) })
	runtime.GC()
	runtime.ReadMemStats(&after)
	// One of them is the manager's, the other is this test's own in run.
	if more := runtime.NumGoroutine() - goroutines; more > 1 {
		t.Errorf("%d goroutines more", more)
	}
	if more := int64(after.HeapAlloc) - int64(before.HeapAlloc); more > 1<<20 {
		t.Errorf("%d octets more", more)
	}
	if h.asked.Load() > 0 || len(h.zone.Questions()) > 0 {
		t.Errorf("%d requests, questions %q", h.asked.Load(), h.zone.Questions())
	}
}

// A domain that is real is looked after at once, but never when it is switched off.
func TestRealDomain(t *testing.T) {
	for _, off := range []bool{false, true} {
		h := newHouse(t, func(o *Options) { o.Off = off })
		h.zone.Add("mail.buzon-mail.net A 192.0.2.1")
		h.run()
		h.add("buzon-mail.net")
		h.until("the names are known", func() bool { return h.Source.HasPhones([]string{"mail.buzon-mail.net"}) })
		if off {
			if len(h.zone.Questions()) > 0 || h.asked.Load() > 0 {
				t.Error("asked all the same")
			}
			continue
		}
		h.until("the authority was tried, and the failure kept", func() bool {
			s, err := Read(t.Context(), h.Store)
			return err == nil && s.State.Problem != nil && s.State.Problem.Code == acme.ServiceDown && s.Origin == SelfSigned
		})
	}
}

// How long our own certificates live: ten years for the house, no more than phones take for public names, each made anew
// in time and not before.
func TestSelfSignedLives(t *testing.T) {
	h := newHouse(t)
	h.add("example.test")
	shown := func(name string) *tls.Certificate {
		t.Helper()
		if err := h.Care(t.Context()); err != nil {
			t.Fatal(err)
		}
		cert, err := h.Source.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	inHouse, phones := shown("localhost"), shown("mail.example.test")
	if life := inHouse.Leaf.NotAfter.Sub(inHouse.Leaf.NotBefore); life < 3649*24*time.Hour {
		t.Errorf("for the house: %v", life)
	}
	if life := phones.Leaf.NotAfter.Sub(phones.Leaf.NotBefore); life > 825*24*time.Hour || phones.Leaf.VerifyHostname("mta-sts.example.test") != nil {
		t.Errorf("for phones: %v, %v", life, phones.Leaf.DNSNames)
	}
	h.ahead.Store(int64(790 * 24 * time.Hour))
	if shown("mail.example.test") != phones && !shown("mail.example.test").Leaf.Equal(phones.Leaf) {
		t.Error("made anew too early")
	}
	h.ahead.Store(int64(800 * 24 * time.Hour))
	if again := shown("mail.example.test"); again.Leaf.Equal(phones.Leaf) || h.now().After(again.Leaf.NotAfter) {
		t.Error("not made anew in time")
	}
	if !shown("localhost").Leaf.Equal(inHouse.Leaf) {
		t.Error("the one for the house changed too")
	}
	h.ahead.Store(int64(3640 * 24 * time.Hour))
	if shown("localhost").Leaf.Equal(inHouse.Leaf) {
		t.Error("the one for the house was not made anew")
	}
}

// The command line makes new ones, and a running server shows them.
func TestMakeSelfSigned(t *testing.T) {
	h := newHouse(t)
	h.add("example.test")
	h.run()
	before := h.Source.Usual().Leaf
	made, err := MakeSelfSigned(t.Context(), h.Store, "buzon", h.now, h.Log)
	if err != nil || len(made) != 2 {
		t.Fatalf("%v, %v", made, err)
	}
	h.Store.RingHouse() // another process does it by writing
	h.until("the new one is shown", func() bool { return certs.Fingerprint(h.Source.Usual().Leaf) == made[0].Fingerprint })
	if before.Equal(h.Source.Usual().Leaf) {
		t.Error("it is the old one")
	}
}

// The settings as the manager sees them.
func TestSettings(t *testing.T) {
	h := newHouse(t)
	if s := h.settings(); s.Way != acme.Auto || s.Write != nil || s.Manual {
		t.Errorf("at first %+v", s)
	}
	stamp := h.settings().Stamp
	h.set("dns.provider", "rfc2136")
	for _, step := range []struct{ name, value, words string }{
		{"dns.token", "", "dns.token is not set"},
		{"dns.token", "nonsense", "the key must be"},
		{"dns.token", "buzon:c2VjcmV0", "dns.server is not set"},
		{"dns.server", "127.0.0.1:1", "refused"},
	} {
		h.set(step.name, step.value)
		err := h.settings().Write(t.Context(), dnsupdate.Change{Name: "_acme-challenge.example.test", Text: "x"})
		if err == nil || !strings.Contains(err.Error(), step.words) {
			t.Errorf("%s=%q: %v", step.name, step.value, err)
		}
	}
	if h.settings().Stamp == stamp {
		t.Error("the stamp is the same")
	}
	for _, provider := range []string{config.Cloudflare, config.DeSEC, config.DuckDNS} {
		h.set("dns.provider", provider)
		asked := h.asked.Load()
		if err := h.settings().Write(t.Context(), dnsupdate.Change{Name: "_acme-challenge.casa.duckdns.org", Text: "x"}); err == nil || h.asked.Load() != asked+1 {
			t.Errorf("%s: %v", provider, err)
		}
	}
	h.set("dns.provider", "manual")
	if s := h.settings(); !s.Manual || s.Write != nil {
		t.Errorf("%+v", s)
	}
}

// The time is kept where it is known, and a start without a clock begins there.
func TestTimeKept(t *testing.T) {
	last := time.Date(2027, 5, 1, 12, 0, 0, 0, time.UTC)
	c := clock.New(clock.Options{Floor: clock.Built(), System: func() time.Time { return last }, Kept: func() bool { return true }, Log: slog.New(slog.DiscardHandler)})
	h := newHouse(t, func(o *Options) { o.Clock = c })
	if err := h.Care(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, found, _ := h.Store.Noted(t.Context(), noteTime); found {
		t.Error("a time was kept that is only guessed")
	}
	if err := h.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	board := clock.New(clock.Options{Floor: clock.Built(), System: func() time.Time { return time.Unix(0, 0) }, Log: slog.New(slog.DiscardHandler)})
	o := h.Options
	o.Clock = board
	if _, err := New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if now := board.Now(); now.Before(last) || now.After(last.Add(time.Minute)) {
		t.Errorf("it begins with %v", now)
	}
}

// A file of a version before has its self-signed certificate elsewhere: phones that accepted it are not asked again.
func TestOldSelfSigned(t *testing.T) {
	h := newHouse(t)
	fresh, err := Read(t.Context(), h.Store)
	if err != nil || len(fresh.SelfSigned) != 1 {
		t.Fatalf("%+v, %v", fresh, err)
	}
	if _, _, found, _ := h.Store.ACME(t.Context(), keyHouse); found {
		t.Error("it was made where it is only put when it is made anew")
	}
	again, err := New(t.Context(), h.Options)
	if err != nil || !slices.Equal(again.Source.Usual().Leaf.Raw, h.Source.Usual().Leaf.Raw) {
		t.Errorf("another after a restart, %v", err)
	}
}

// A certificate's file may hold its key as well.
func TestOneFile(t *testing.T) {
	h := newHouse(t)
	both, err := certs.SelfSigned("own.example.org", nil, nil, 48*time.Hour, h.now())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(path, both, 0o600); err != nil {
		t.Fatal(err)
	}
	h.set("tls.cert-file", path)
	h.ahead.Add(int64(time.Minute)) // the files are looked at now and then
	if cert := h.Source.Usual(); cert.Leaf.Subject.CommonName != "own.example.org" && !slices.Contains(cert.Leaf.DNSNames, "own.example.org") {
		t.Errorf("shown: %v", cert.Leaf.DNSNames)
	}
}
