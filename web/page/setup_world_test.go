package page

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"buzon/internal/acme"
	"buzon/internal/arrivals"
	"buzon/internal/finding"
	"buzon/internal/store"
	"buzon/internal/trust"
)

// The certificate's progress is told in the words of `buzon cert status`: what is shown, what hinders, what comes next.
func TestCertStep(t *testing.T) {
	b := newBox(t)
	br := b.as("ana")
	wantSaid(t, "a domain for examples", br.get("/setup/certificate").Body.String(), "en", "cert_not_real")
	w := br.post("/setup/certificate/try", "token", br.token("/setup/certificate"))
	b.wantPath("nothing to try", w, "/setup/certificate")
	wantSaid(t, "nothing to try", br.get("/setup/certificate").Body.String(), "en", "page_setup_cert_nothing")

	if err := b.store.AddDomain(context.Background(), "buzon-test.com"); err != nil {
		t.Fatal(err)
	}
	body := br.get("/setup/certificate").Body.String()
	wantSaid(t, "not tried", body, "en", "page_setup_cert_waits")
	wantSaid(t, "the ports", body, "en", "page_setup_cert_way_ports")
	b.wantPath("try now", br.submit("/setup/certificate", "/setup/certificate/try"), "/setup/certificate")
	wantSaid(t, "trying", br.get("/setup/certificate").Body.String(), "en", "page_setup_cert_trying")

	at := time.Now().Add(time.Minute)
	state, err := json.Marshal(acme.State{
		Attempt: at, Asked: at, Next: at, Problem: &acme.Problem{Code: acme.Unreachable, Detail: "<b>no</b>", At: at},
		Names: []acme.NameState{
			{Name: "mail.buzon-test.com", Problem: &acme.Problem{Code: acme.NotInDNS}},
			{Name: "autoconfig.buzon-test.com", Problem: &acme.Problem{Code: acme.NotInDNS}},
			{Name: "mta-sts.buzon-test.com", Problem: &acme.Problem{Code: acme.Elsewhere}},
		},
		Todo: []acme.Todo{{Name: "_acme-challenge.buzon-test.com", Text: "tok"}},
	})
	if err == nil {
		err = trust.Cache(b.store).Put(context.Background(), "state", state)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "es"} {
		br.lang = lang
		body = br.get("/setup/certificate").Body.String()
		checkPage(t, lang, "/setup/certificate", body)
		for _, key := range []string{"cert_unreachable", "cert_not_in_dns", "cert_elsewhere", "page_setup_cert_next", "page_setup_cert_record"} {
			wantSaid(t, lang, body, lang, key)
		}
		if !strings.Contains(body, "mail.buzon-test.com, autoconfig.buzon-test.com.") || strings.Contains(body, "<b>no</b>") || !strings.Contains(body, "<code>tok</code>") {
			t.Errorf("%s", body)
		}
	}
	if first := firstEvent(t, br, "/live/setup/certificate"); !strings.Contains(first, `id="hindrance"`) {
		t.Errorf("live: %q", first)
	}
}

// A mail to oneself is in the mailbox at once.
func TestMailToSelf(t *testing.T) {
	b := newBox(t)
	br := b.as("ana")
	b.wantPath("send", br.submit("/setup/mail", "/setup/mail", "to", "ana@example.org"), "/setup/mail")
	wantSaid(t, "delivered", br.get("/setup/mail").Body.String(), "en", "page_setup_mail_here", "address", "ana@example.org")
	acc, err := b.store.Account(context.Background(), ana)
	if err != nil || acc.Messages != 1 {
		t.Errorf("%+v, %v", acc, err)
	}
	for to, key := range map[string]string{"nobody@example.org": "page_setup_mail_refused", `a"><b>`: "page_error_address"} {
		b.wantPath(to, br.submit("/setup/mail", "/setup/mail", "to", to), "/setup/mail")
		body := br.get("/setup/mail").Body.String()
		pairs := map[string][]any{"page_error_address": {"address", to}, "page_setup_mail_refused": {"why", "There is no mailbox nobody@example.org here"}}
		wantSaid(t, to, body, "en", key, pairs[key]...)
		if !strings.Contains(body, `value="`+escaped(to)+`"`) {
			t.Errorf("what was typed is gone: %s", body)
		}
	}
}

// What becomes of a mail elsewhere is told as it comes: signed, on its way, what the other side said, and what comes back.
func TestMailElsewhere(t *testing.T) {
	b := newBox(t)
	if err := b.Keys.EnsureKeys(t.Context(), "example.org"); err != nil {
		t.Fatal(err)
	}
	br := b.as("ana")
	b.wantPath("send", br.submit("/setup/mail", "/setup/mail", "to", "kim@far.test"), "/setup/mail")
	body := br.get("/setup/mail").Body.String()
	wantSaid(t, "on its way", body, "en", "page_setup_mail_waiting")
	wantSaid(t, "on its way", body, "en", "page_setup_mail_signed")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = b.Sending.Queue.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	eventually(t, "its fate", func() bool {
		lines, err := b.store.History(t.Context(), store.HistoryQuery{})
		return err == nil && len(lines) > 0
	})
	body = br.get("/setup/mail").Body.String()
	if !strings.Contains(body, `<li class="bad">`) { // nobody is there
		t.Errorf("%s", body)
	}
	b.Arrivals.Add(arrivals.Arrival{At: time.Now().Add(time.Second), ID: "x", To: "ana@example.org", From: "far.test", Author: finding.Say("verdict_author_proven", "domain", "far.test<i>")})
	b.Arrivals.Add(arrivals.Arrival{At: time.Now().Add(time.Second), ID: "y", To: "ana@example.org", From: "elsewhere.test", Author: finding.Say("verdict_author_proven", "domain", "someone.else")})
	b.Arrivals.Add(arrivals.Arrival{At: time.Now().Add(-time.Hour), ID: "z", To: "ana@example.org", From: "far.test", Author: finding.Say("verdict_author_proven", "domain", "long.ago")})
	body = br.get("/setup/mail").Body.String()
	wantSaid(t, "an answer", body, "en", "page_setup_mail_answer", "domain", "far.test", "why", "It really is from far.test<i>: the sender was proven.")
	if strings.Contains(body, "someone.else") || strings.Contains(body, "long.ago") {
		t.Errorf("%s", body)
	}
	if first := firstEvent(t, br, "/live/setup/mail"); !strings.Contains(first, `class="bad"`) {
		t.Errorf("live: %q", first)
	}
}

// The whole set-up, from the code to the state of the box, in both languages.
func TestSetupRun(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		t.Run(lang, func(t *testing.T) {
			f := newFresh(t)
			br := f.browser()
			br.lang = lang
			page := func(path string) {
				t.Helper()
				w := br.get(path)
				wantCode(t, path, w, http.StatusOK)
				checkPage(t, lang, path, w.Body.String())
			}
			next := func(step, want string) {
				t.Helper()
				page(stepPath(step))
				f.wantPath(step, br.submit(stepPath(step), "/setup/next", "step", step), want)
			}
			page("/setup")
			f.wantPath("code", br.post("/setup", "code", f.shown()), "/setup/you")
			page("/setup/you")
			f.wantPath("you", br.submit("/setup/you", "/setup/you", "name", "Ana", "address", "ana@example.org", "password", secret, "again", secret), "/setup/line")
			f.wantPath("relay", br.submit("/setup/line", "/setup/relay", "preset", "brevo", "user", "ana", "secret", "k"), "/setup/line")
			next("line", "/setup/dns")
			f.wantPath("provider", br.submit("/setup/dns", "/setup/dns/provider", "provider", "cloudflare", "secret", "t"), "/setup/dns/write?domain=example.org")
			page("/setup/dns/write?domain=example.org")
			f.wantPath("write", br.submit("/setup/dns/write?domain=example.org", "/setup/dns/write", "domain", "example.org"), "/setup/dns?domain=example.org")
			if spf := f.values("example.org", "TXT"); !strings.Contains(spf, "include:spf.brevo.com") {
				t.Errorf("the relay is not in SPF: %s", spf)
			}
			next("dns", "/setup/certificate")
			next("certificate", "/setup/mail")
			f.wantPath("mail", br.submit("/setup/mail", "/setup/mail", "to", "ana@example.org"), "/setup/mail")
			next("mail", "/setup/phone")
			f.wantPath("phone", br.submit("/setup/phone", "/setup/phone", "kind", "android", "device", "x"), "/me/phone")
			next("phone", "/setup/done")
			page("/setup/done")
			f.wantPath("the end", br.get("/"), "/status")
			if f.store.Settings().Language != lang {
				t.Errorf("language %s", f.store.Settings().Language)
			}
		})
	}
}
