package page

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"buzon/internal/store"
	"buzon/internal/text"
)

// setupPages are the steps that an admin may come back to.
func setupPages() []string {
	return []string{"/setup/line", "/setup/dns", "/setup/certificate", "/setup/mail", "/setup/phone", "/setup/done"}
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// Every step is there in both languages, for admins alone, and says where one is.
func TestSetupPages(t *testing.T) {
	b := newBox(t)
	b.fill()
	admin, user, stranger := b.as("ana"), b.as("luis"), b.browser()
	for _, path := range setupPages() {
		for _, lang := range []string{"en", "es"} {
			admin.lang = lang
			w := admin.get(path)
			wantCode(t, lang+" "+path, w, http.StatusOK)
			checkPage(t, lang, path, w.Body.String())
			if strings.Count(w.Body.String(), `aria-current="step"`) != 1 {
				t.Errorf("%s: %s", path, w.Body)
			}
		}
		wantCode(t, "luis at "+path, user.get(path), http.StatusForbidden)
		b.wantPath("a stranger at "+path, stranger.get(path), "/login")
	}
	b.wantPath("luis at the set-up", user.get("/setup"), "/")
}

// Steps are gone through, put off and come back to; everybody sees the same, and going back takes nothing back.
func TestSteps(t *testing.T) {
	f := newFresh(t)
	ana := f.owner()
	other := f.as("ana")
	next := func(br *browser, step, later, want string) {
		t.Helper()
		f.wantPath(step, br.submit("/setup/line", "/setup/next", "step", step, "later", later), want)
	}
	next(ana, "line", "", "/setup/dns")
	f.wantPath("where the other is led", other.get("/setup"), "/setup/dns")
	next(other, "dns", "yes", "/setup/certificate")
	next(ana, "line", "", "/setup/dns") // from a page that was open all the time, or by the back button
	f.wantPath("where one is led", ana.get("/setup"), "/setup/certificate")
	next(ana, "certificate", "yes", "/setup/mail")
	next(ana, "mail", "", "/setup/phone")
	f.wantPath("the beginning", ana.get("/"), "/setup")
	next(ana, "phone", "", "/setup/done")
	body := other.get("/setup/done").Body.String()
	if !strings.Contains(body, `<li><a href="/setup/dns">`) || !strings.Contains(body, `<li><a href="/setup/certificate">`) || strings.Count(body, `<ul id="left">`) != 1 {
		t.Errorf("what is left: %s", body)
	}
	next(ana, "dns", "", "/setup/certificate") // made up for
	if body := ana.get("/setup/done").Body.String(); strings.Contains(body, `<ul id="left"><li><a href="/setup/dns">`) {
		t.Errorf("what is left: %s", body)
	}
	f.wantPath("the beginning, after all", ana.get("/"), "/status")
	f.wantPath("the set-up, after all", ana.get("/setup"), "/")
	for _, step := range []string{"", "claim", "you", "done", "nonsense"} {
		f.wantPath("from "+step, ana.submit("/setup/line", "/setup/next", "step", step), "/setup")
	}
}

// A box that was set up by commands is not led into the set-up.
func TestSetUpByCommands(t *testing.T) {
	b := newBox(t)
	b.wantPath("the beginning", b.as("ana").get("/"), "/status")
	if _, _, found, err := b.store.Noted(context.Background(), store.NoteSetup); err != nil || found {
		t.Errorf("%v %v", found, err)
	}
}

// The box looks at its line by itself, once for all who look on, and keeps what it found for who loads the page again.
func TestLineStep(t *testing.T) {
	b := newBox(t)
	br := b.as("ana")
	wantCode(t, "the page", br.get("/setup/line"), http.StatusOK)
	eventually(t, "the look at the line", func() bool { return !b.wizard.line.now().Running })
	begun := b.wizard.line.now().Begun
	body := br.get("/setup/line").Body.String()
	if strings.Count(body[strings.Index(body, `<ul id="found">`):], `<li><strong class="`) != 8 {
		t.Errorf("what was found: %s", body)
	}
	if !b.wizard.line.now().Begun.Equal(begun) {
		t.Error("loading the page looked again")
	}
	if first := firstEvent(t, br, "/live/setup/line"); !strings.Contains(first, `<ul id="found">`) {
		t.Errorf("live: %q", first)
	}
	b.wantPath("again", br.submit("/setup/line", "/setup/line/look"), "/setup/line")
	if b.wizard.line.now().Begun.Equal(begun) {
		t.Error("it did not look again")
	}
	if err := b.store.Note(context.Background(), "send.way", "way_none "); err != nil {
		t.Fatal(err)
	}
	body = br.get("/setup/line").Body.String()
	wantSaid(t, "no way out", body, "en", "way_none")
	if !strings.Contains(body, `<details id="relay-add" open>`) {
		t.Error("the form of the relay is not offered")
	}
}

// A relay is set, tried, and taken away; a mistake comes back with what was typed, but the password.
func TestRelayStep(t *testing.T) {
	b := newBox(t)
	br := b.as("ana")
	for _, c := range []struct{ preset, host, user, secret, key string }{
		{"", "no server!", "", "", "page_error_relay_host"},
		{"", "", "", "", "page_error_relay_host"},
		{"brevo", "", "", "hunter22", "page_error_relay_user"},
		{"", "smtp.example.net:587", "ana<b>", "", "page_error_relay_password"},
	} {
		w := br.submit("/setup/line", "/setup/relay", "preset", c.preset, "host", c.host, "user", c.user, "secret", c.secret)
		b.wantPath(c.host, w, "/setup/line#relay")
		body := br.get("/setup/line").Body.String()
		wantSaid(t, c.host, body, "en", c.key)
		if !strings.Contains(body, `value="`+escaped(c.host)+`"`) || !strings.Contains(body, `value="`+escaped(c.user)+`"`) || strings.Contains(body, "hunter22") {
			t.Errorf("%+v: %s", c, body)
		}
		if c.preset != "" && !strings.Contains(body, `<option value="brevo" selected>`) {
			t.Error("the provider is forgotten")
		}
	}
	b.wantPath("a relay", br.submit("/setup/line", "/setup/relay", "preset", "brevo", "user", "ana", "secret", "hunter22"), "/setup/line")
	list, err := b.store.Relays(context.Background())
	if err != nil || len(list) != 1 || list[0].Host != "smtp-relay.brevo.com" || list[0].Password != "hunter22" {
		t.Fatalf("%+v, %v", list, err)
	}
	if way := b.store.Settings().SendWay; way != "auto" {
		t.Errorf("the way is %s", way)
	}
	b.wantPath("a test", br.submit("/setup/line", "/setup/relay/test", "to", "me@far.test"), "/setup/line#trial")
	eventually(t, "the test", func() bool { return !b.trying.now().Running })
	body := br.get("/setup/line").Body.String()
	wantSaid(t, "the test", body, "en", "relay_step_find", "detail", "…")
	wantSaid(t, "the test", body, "en", "page_error_relay_test", "address", "me@far.test")
	if first := firstEvent(t, br, "/live/setup/relay"); !strings.Contains(first, "<li>") {
		t.Errorf("live: %q", first)
	}
	b.wantPath("a test to nobody", br.submit("/setup/line", "/setup/relay/test", "to", "nobody"), "/setup/line")
	for range 2 { // the button twice
		b.wantPath("away", br.submit("/setup/line", "/setup/relay/remove", "relay", "smtp-relay.brevo.com:587"), "/setup/line")
	}
	if list, err := b.store.Relays(context.Background()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	b.wantPath("a test of none", br.submit("/setup/line", "/setup/relay/test", "to", "me@far.test"), "/setup/line")
	wantSaid(t, "a test of none", br.get("/setup/line").Body.String(), "en", "page_error_no_relays")
}

// Each device gets a password of its own, named after it, and its code.
func TestPhoneStep(t *testing.T) {
	b := newBox(t)
	br := b.as("ana")
	for _, c := range []struct{ kind, device, shows string }{
		{"apple", "iPhone", "<svg"}, {"android", `Ana's <b> phone`, "<svg"}, {"other", "Computer", "mail.example.org"}, {"other", "Computer", "mail.example.org"},
	} {
		b.wantPath(c.kind, br.submit("/setup/phone", "/setup/phone", "kind", c.kind, "device", c.device), "/me/phone")
		body := br.get("/me/phone").Body.String()
		if !strings.Contains(body, c.shows) || !strings.Contains(body, `href="/setup/phone"`) || strings.Contains(body, "<b> phone") {
			t.Errorf("%s: %s", c.kind, body)
		}
	}
	apps, err := b.store.AppPasswords(context.Background(), ana)
	if err != nil || len(apps) != 3 { // the iPhone's is made when it opens the link
		t.Errorf("%+v, %v", apps, err)
	}
	body := br.get("/setup/phone").Body.String()
	for _, name := range []string{"Ana&#39;s &lt;b&gt; phone", "Computer", "Computer 2"} {
		if !strings.Contains(body, name) {
			t.Errorf("%s is not listed", name)
		}
	}
	wantSaid(t, "no certificate", body, "en", "page_setup_phone_untrusted")
	b.wantPath("no name", br.submit("/setup/phone", "/setup/phone", "kind", "android", "device", " "), "/setup/phone")
}

// No text of the set-up names a key that does not exist, in any language: what is shown was looked up.
func TestSetupTexts(t *testing.T) {
	for _, lang := range text.Languages() {
		words := text.Load(lang)
		for _, step := range steps() {
			if !words.Has(stepTitle(step)) {
				t.Errorf("%s: no title of %s", lang, step)
			}
		}
	}
}
