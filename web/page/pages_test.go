package page

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"buzon/internal/arrivals"
	"buzon/internal/dns"
	"buzon/internal/doctor"
	"buzon/internal/finding"
	"buzon/internal/keyring"
	"buzon/internal/logring"
	"buzon/internal/message"
	"buzon/internal/phone"
	"buzon/internal/roster"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/wear"
)

var (
	ana  = message.Address{Local: "ana", Domain: "example.org"}
	luis = message.Address{Local: "luis", Domain: "example.org"}
)

// newBox is a bench with everything that an appliance hands to its page, in a world without anybody else.
func newBox(t testing.TB, changes ...func(*Options)) *bench {
	t.Helper()
	lines := logring.New()
	return newBench(t, append([]func(*Options){func(o *Options) {
		o.Log = slog.New(lines.Beside(o.Log.Handler()))
		o.Lines, o.Arrivals, o.Roster = lines, new(arrivals.Log), &roster.Roster{Now: time.Now}
		o.Wear = wear.New(wear.Options{Store: o.Store, Path: o.Data, Now: time.Now, Log: o.Log})
		o.Keys = keyring.Ring{Store: o.Store, Now: time.Now, Lookup: func(context.Context, string) ([]string, error) { return nil, errors.New("silent") }}
		all := sending.Options{Store: o.Store, Name: o.Name, Dir: filepath.Dir(o.Data), Log: o.Log, Now: time.Now}
		sending.Nowhere(&all)
		var err error
		if o.Sending, err = sending.New(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		o.Doctor = doctor.New(doctor.Options{
			Store: o.Store, Sending: o.Sending, Name: o.Name, Folder: filepath.Dir(o.Data), Now: time.Now, Log: o.Log, Off: true,
			Resolver: func() dns.Resolver { return dns.NewMap("") }, Addresses: func() []netip.Addr { return nil },
			Dial: nobody, Here: nobody, Router: func(context.Context) (netip.Addr, error) { return netip.Addr{}, errors.New("silent") },
		})
		o.Links = phone.NewLinks(phone.Options{Store: o.Store, Rand: rand.Reader, Now: time.Now, Log: o.Log})
	}}, changes...)...)
}

func nobody(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("nobody is there")
}

// fill puts something of everything into the store, so that every branch of the templates shows.
func (b *bench) fill() {
	b.t.Helper()
	ctx := context.Background()
	must := func(err error) {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	acc, err := b.store.Account(ctx, ana)
	must(err)
	_, err = b.store.AddAppPassword(ctx, ana, "phone <1>")
	must(err)
	must(b.store.AddAlias(ctx, message.Address{Local: "info", Domain: "example.org"}, []message.Address{ana}))
	must(b.store.SetVacation(ctx, store.Vacation{Account: acc.ID, Text: "away", Until: time.Now().AddDate(0, 0, 3)}))
	must(b.store.SetForward(ctx, store.Forward{Account: acc.ID, Targets: []message.Address{luis}}))
	must(b.store.SetRelay(ctx, store.Relay{Host: "smtp.example.net", Port: 465, TLS: "implicit", User: "u", Password: "relay-secret"}))
	must(b.store.PauseSending(ctx, acc.ID, store.PauseBurst))
	for _, allow := range []bool{true, false} {
		_, err := b.store.AddRule(ctx, store.Rule{Account: acc.ID, Allow: allow, Kind: store.RuleDomain, Value: map[bool]string{true: "good.test", false: "bad.test"}[allow]})
		must(err)
		_, err = b.store.AddRule(ctx, store.Rule{Allow: allow, Kind: store.RuleNetwork, Value: map[bool]string{true: "192.0.2.1", false: "192.0.2.2"}[allow]})
		must(err)
	}
	must(b.store.AddRefusals(ctx, []store.Refusal{{
		At: time.Now(), Times: 3, Client: "203.0.113.9", Host: "mx.bad.test", Helo: "x", Sender: "eve@bad.test", Recipient: "ana@example.org",
		Reason: "listed", Reply: "550 5.7.1 <b>no</b>",
	}}))
	b.queue("kim@far.test", "eva@far.test")
	b.history()
	b.Arrivals.Add(arrivals.Arrival{At: time.Now(), ID: "x", To: "ana@example.org", From: "far.test", Others: 2, Junk: true, Cause: "filter", Author: finding.Say("verdict_author_proven", "domain", "far.test"), Size: 5000})
	b.Arrivals.Add(arrivals.Arrival{At: time.Now(), ID: "y", To: "ana@example.org", Own: true, Size: 5})
	row := b.Roster.Enter(roster.Place{Account: ana.String(), Service: "imap", Addr: netip.MustParseAddr("192.168.1.7"), Device: "phone <1>"})
	b.Roster.Name(row, "K-9 <6>")
	must(b.Wear.Sample(ctx))
	must(b.store.KeepGuarded(ctx, []store.Guarded{{Address: "203.0.113.77", Failures: 9, Last: time.Now(), Until: time.Now().Add(time.Hour)}}))
	must(b.store.AddFigure(ctx, store.Figure{Day: "2026-01-01", Used: 1, Free: 1, File: 1, Written: 5 << 20, Device: 9 << 20}))
	must(b.store.Note(ctx, sending.NoteWay, "way_relay_set smtp.example.net"))
	must(b.store.KeepFindings(ctx, []store.Finding{
		{Check: "mx", Domain: "example.org", Verdict: "fail", Words: `{"reason":{"key":"page_no"},"cure":{"key":"page_save"}}`},
		{Check: "disk", Verdict: "warn", Words: `{"reason":{"key":"page_no"}}`},
		{Check: "clock", Verdict: "pass", Words: `{"reason":{"key":"page_no"}}`},
	}, time.Now()))
	must(b.Keys.EnsureKeys(ctx, "example.org"))
}

// queue has ana write to these.
func (b *bench) queue(to ...string) {
	b.t.Helper()
	acc, err := b.store.Account(context.Background(), ana)
	if err != nil {
		b.t.Fatal(err)
	}
	out := store.Outgoing{From: ana, Account: acc.ID}
	for _, one := range to {
		a, err := message.ParseAddress(one)
		if err != nil {
			b.t.Fatal(err)
		}
		out.To = append(out.To, store.Recipient{Address: a})
	}
	const mail = "From: ana@example.org\r\nSubject: nobody's business\r\n\r\nsecret of ana\r\n"
	err = b.store.Accept(context.Background(), store.Incoming{
		From: ana, Body: io.NewSectionReader(strings.NewReader(mail), 0, int64(len(mail))), Send: []store.Outgoing{out}, LogID: "abc",
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// history has one of what waits fail.
func (b *bench) history() {
	b.t.Helper()
	reply := message.Reply{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "nobody here <b>no</b>"}
	failed := store.Outcome{Job: b.jobs()[0], Fate: store.Failed, Reply: reply, Host: "mx.far.test"}
	if err := b.store.Settle(context.Background(), []store.Outcome{failed}, nil); err != nil {
		b.t.Fatal(err)
	}
}

// jobs are what waits.
func (b *bench) jobs() (ids []store.JobID) {
	b.t.Helper()
	list, err := b.store.QueuePage(context.Background(), 0)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, q := range list {
		for _, j := range q.Jobs {
			ids = append(ids, j.ID)
		}
	}
	return ids
}

// adminPages are for admins alone; ownPages for everybody who has logged in.
func adminPages() []string {
	return []string{
		"/status", "/queue", "/queue/drop?all=yes", "/mail", "/mail/out", "/mail/refused", "/people", "/people/account?address=ana@example.org",
		"/people/account?address=luis@example.org", "/people/remove?address=luis@example.org", "/people/aliases", "/people/here", "/domains",
		"/domains/records?domain=example.org", "/domains/remove?domain=example.org", "/flow", "/flow/rules", "/flow/rules?allow=yes",
		"/doctor", "/settings", "/backup", "/update", "/log",
	}
}

func ownPages() []string { return []string{"/me"} }

var (
	keyShown   = regexp.MustCompile(`>[^<]*\b(page|word|status|history|done|error)_[a-z_]+[a-z]`)
	idShown    = regexp.MustCompile(`\bid="([^"]+)"`)
	fieldShown = regexp.MustCompile(`<(input|select|textarea)\b[^>]*>`)
	idOf       = regexp.MustCompile(`\bid="([^"]+)"`)
)

// Every page is there in both languages, for those whom it is for, and for nobody else.
func TestPages(t *testing.T) {
	b := newBox(t)
	b.fill()
	admin, user, stranger := b.as("ana"), b.as("luis"), b.browser()
	for _, lang := range []string{"en", "es"} {
		admin.lang = lang
		for _, path := range append(adminPages(), ownPages()...) {
			w := admin.get(path)
			wantCode(t, lang+" "+path, w, http.StatusOK)
			checkPage(t, lang, path, w.Body.String())
		}
	}
	for _, path := range adminPages() {
		wantCode(t, "luis at "+path, user.get(path), http.StatusForbidden)
		if w := stranger.get(path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" {
			t.Errorf("a stranger at %s: %d", path, w.Code)
		}
	}
	wantCode(t, "luis at /me", user.get("/me"), http.StatusOK)
	away := b.as("ana")
	away.from, away.secure, away.host = abroad, true, "mail.example.org"
	wantCode(t, "an admin who is away", away.get("/status"), http.StatusForbidden)
}

// checkPage holds what every page must: whole, escaped, accessible by its form, and without a word of anybody's mail.
func checkPage(t *testing.T, lang, path, body string) {
	t.Helper()
	for _, never := range []string{"<no value>", "ZgotmplZ", "<b>no</b>", "nobody's business", "secret of ana", "relay-secret", "<6>", "{{", "%!"} {
		if strings.Contains(body, never) {
			t.Errorf("%s %s shows %q", lang, path, never)
		}
	}
	if !strings.Contains(body, `<html lang="`+lang+`">`) || strings.Count(body, "<h1>") != 1 {
		t.Errorf("%s %s: language or heading", lang, path)
	}
	if key := keyShown.FindString(body); key != "" {
		t.Errorf("%s %s shows a key: %s", lang, path, key)
	}
	seen := map[string]bool{}
	for _, m := range idShown.FindAllStringSubmatch(body, -1) {
		if seen[m[1]] {
			t.Errorf("%s %s has two %q", lang, path, m[1])
		}
		seen[m[1]] = true
	}
	for _, at := range fieldShown.FindAllStringIndex(body, -1) {
		field := body[at[0]:at[1]]
		if strings.Contains(field, `type="hidden"`) || strings.Contains(body[max(0, at[0]-40):at[0]], `<label class="choice">`) {
			continue
		}
		id := idOf.FindStringSubmatch(field)
		if id == nil || !strings.Contains(body, `for="`+id[1]+`"`) {
			t.Errorf("%s %s: no label for %s", lang, path, field)
		}
	}
}

// Live parts send at once what the page shows, and end with the page.
func TestLive(t *testing.T) {
	b := newBox(t)
	b.fill()
	admin := b.as("ana")
	for _, path := range []string{
		"/live/status", "/live/queue", "/live/mail", "/live/here", "/live/records?domain=example.org", "/live/flow", "/live/doctor", "/live/update",
		"/live/log", "/live/me",
	} {
		first := firstEvent(t, admin, path)
		if !strings.HasPrefix(first, "data: ") || strings.Contains(first, "<no value>") {
			t.Errorf("%s: %q", path, first)
		}
	}
	if w := b.as("luis").get("/live/status"); w.Code != http.StatusForbidden {
		t.Errorf("luis at a live part: %d", w.Code)
	}
}

// firstEvent is what a live part says first; it is left then.
func firstEvent(t *testing.T, br *browser, path string) string {
	t.Helper()
	ctx, leave := context.WithTimeout(t.Context(), 20*time.Second)
	defer leave()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	r.Host, r.RemoteAddr = br.host, br.from
	for name, value := range br.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := &firstWriter{header: http.Header{}, leave: leave}
	br.Handler(false).ServeHTTP(w, r)
	if w.code != http.StatusOK || w.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%s: %d %s", path, w.code, w.header)
	}
	return w.body.String()
}

// firstWriter goes away after the first event.
type firstWriter struct {
	header http.Header
	code   int
	body   strings.Builder
	leave  func()
}

func (w *firstWriter) Header() http.Header  { return w.header }
func (w *firstWriter) WriteHeader(code int) { w.code = code }
func (w *firstWriter) Flush()               { w.leave() }
func (w *firstWriter) Write(p []byte) (int, error) {
	return w.body.Write(p)
}
