package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2/imapclient"

	"buzon/internal/browsertest"
	"buzon/internal/store"
)

// An app password is shown once, opens the mail, and opens nothing once it is revoked.
func TestBrowserClickAppPassword(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	g := visit(t, a, browsertest.Phone("es"))
	g.logIn("ana@example.org", anasPassword)
	g.look("/me")
	g.Touch("details:has(#app) summary")
	g.Fill("#device", "La tableta")
	g.Click("#app button")
	secret := g.shownSecret("page_app_made", "La tableta")
	g.check("made")
	if err := logInByIMAP(t, a, secret); err != nil {
		t.Errorf("%q does not open the mail: %v", secret, err)
	}
	g.Reload()
	var body string
	if g.Value("document.body.textContent", &body); strings.Contains(body, secret) || !strings.Contains(body, "La tableta") {
		t.Error("the password is shown again, or the device is not listed")
	}
	g.Click(`tr:has(input[value="La tableta"]) button`)
	g.reads("page_app_revoked", "name", "La tableta")
	if err := logInByIMAP(t, a, secret); err == nil {
		t.Error("the revoked password opens the mail")
	}
	if apps := must[[]store.AppPassword](t)(a.store.AppPasswords(t.Context(), anaOfExample)); len(apps) != 1 {
		t.Errorf("left are %+v", apps)
	}
}

// shownSecret is the password in the notice that tells of it.
func (g *guest) shownSecret(key, name string) string {
	g.t.Helper()
	before, _, _ := strings.Cut(g.words.Say(key, "name", name, "secret", "|"), "|")
	var notice string
	g.Value(`document.querySelector(".notices").innerText`, &notice)
	_, secret, found := strings.Cut(notice, strings.TrimSpace(before))
	if secret = strings.TrimSpace(secret); !found || secret == "" {
		g.t.Fatalf("no password in %q", notice)
	}
	return secret
}

func logInByIMAP(t *testing.T, a *testAppliance, password string) error {
	t.Helper()
	c := must[*imapclient.Client](t)(imapclient.DialTLS(a.addr("imaps"), &imapclient.Options{TLSConfig: a.tls()}))
	defer c.Close()
	return c.Login("ana@example.org", password).Wait()
}

// An alias that is made by clicking works, and is gone after another click.
func TestBrowserClickAlias(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	g := visit(t, a, browsertest.Desk("en"))
	g.logIn("ana@example.org", anasPassword)
	g.look("/people/aliases")
	g.Fill("#alias", "club@example.org")
	g.Fill("#targets", "luis@example.org")
	g.Click("#add button")
	g.reads("page_alias_added", "alias", "club@example.org")
	has := func() bool {
		list := must[[]store.Alias](t)(a.store.Aliases(t.Context()))
		return slices.ContainsFunc(list, func(one store.Alias) bool { return one.Address.String() == "club@example.org" })
	}
	if !has() {
		t.Error("the store has no such alias")
	}
	g.Click(`tr:has(input[value="club@example.org"]) button`)
	g.reads("page_alias_removed", "alias", "club@example.org")
	if has() {
		t.Error("the store has the alias still")
	}
}

// What waits is tried again, held, and dropped after a question.
func TestBrowserClickQueue(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	g := visit(t, a, browsertest.Phone("en"))
	g.logIn("ana@example.org", anasPassword)
	g.look("/queue")
	before := a.jobs(t)
	row := func(local string) string { return `tr:has(td:first-child[data-label]):nth-child(1) ` + local }
	g.Click(row(`button[value="retry"]`))
	g.reads("page_queue_retried", "count", 1)
	eventually(t, "one was tried again", func() bool {
		return slices.ContainsFunc(a.jobs(t), func(j store.Job) bool { return j.Attempts > before[0].Attempts })
	})
	g.Click(row(`button[value="hold"]`))
	g.reads("page_queue_held", "count", 1)
	if !slices.ContainsFunc(a.jobs(t), func(j store.Job) bool { return j.Held }) {
		t.Error("none is held")
	}
	g.Click(row(`a[href^="/queue/drop"]`))
	g.at("/queue/drop")
	g.Click("main form a")
	g.at("/queue")
	if got := a.jobs(t); len(got) != len(before) {
		t.Errorf("%d wait after No", len(got))
	}
	g.Click(row(`a[href^="/queue/drop"]`))
	g.Click("main form button.danger")
	g.reads("page_queue_dropped", "count", 1)
	if got := a.jobs(t); len(got) != len(before)-1 {
		t.Errorf("%d wait after Yes", len(got))
	}
}

// A switch and a text among the settings, and a mistake that is told.
func TestBrowserClickSettings(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	g := visit(t, a, browsertest.Desk("es"))
	g.logIn("ana@example.org", anasPassword)
	g.look("/flow")
	was := a.store.Settings().SlowStrangers
	g.Choose("#set-receive-slow-strangers", map[bool]string{true: "no", false: "yes"}[was])
	g.Click(`form:has(#set-receive-slow-strangers) button`)
	g.at("/flow")
	g.reads("page_setting_changed", "name", "receive.slow-strangers")
	if a.store.Settings().SlowStrangers == was {
		t.Error("the switch did not switch")
	}
	g.look("/settings")
	g.unfold()
	g.Fill("#set-server-name", "not a name!")
	g.Click(`form:has(#set-server-name) button`)
	g.Until(`!!document.querySelector(".notices .bad")`)
	g.unfold()
	g.Fill("#set-server-name", "mail.example.org")
	g.Click(`form:has(#set-server-name) button`)
	if got := a.store.Settings().ServerName; got != "mail.example.org" {
		t.Errorf("the name is %q", got)
	}
	g.check("changed")
}
