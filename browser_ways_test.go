package main

import (
	"strings"
	"testing"

	"buzon/internal/browsertest"
	"buzon/internal/message"
	"buzon/internal/store"
)

// Two look after the box: what one removes while the other looks at it is told in a sentence.
func TestBrowserTwoAdmins(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	luis := message.Address{Local: "luis", Domain: "example.org"}
	if err := a.store.SetAdmin(t.Context(), luis, true); err != nil {
		t.Fatal(err)
	}
	ana := visit(t, a, browsertest.Desk("en"))
	other := ana.stranger(browsertest.Desk("en"))
	ana.logIn("ana@example.org", anasPassword)
	other.logIn("luis@example.org", anasPassword)

	// An alias.
	ana.look("/people/aliases")
	other.look("/people/aliases")
	other.Click(`main td button`)
	other.reads("page_alias_removed", "alias", "info@example.org")
	ana.Click(`main td button`)
	ana.at("/people/aliases")
	ana.Until(`!!document.querySelector(".notices .bad")`)

	// What waits.
	ana.look("/queue/drop?id=" + a.jobs(t)[0].ID.String())
	other.look("/queue/drop?all=yes")
	other.Click("button.danger")
	ana.Click("button.danger")
	ana.at("/queue")
	ana.reads("page_queue_gone")

	// An account, whose page ana has open, and who is logged in himself.
	if _, err := a.store.AddAccount(t.Context(), message.Address{Local: "pia", Domain: "example.org"}, anasPassword); err != nil {
		t.Fatal(err)
	}
	other.look("/people/account?address=pia@example.org")
	ana.look("/people/remove?address=pia@example.org")
	ana.Click("button.danger")
	ana.reads("page_people_removed", "address", "pia@example.org")
	other.Fill("#name", "Pia")
	other.Click("#called button")
	other.reads("page_error_no_account")
	other.Complaints() // of the status, if there is one
	ana.look("/people/remove?address=luis@example.org")
	ana.Click("button.danger")
	other.look("/people")
	other.at("/login")
	ana.look("/people")
	ana.check("after")
}

// After each form the back button leads to a page and not to the form's answer; going back and loading again does nothing twice.
func TestBrowserBackButton(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	g := visit(t, a, browsertest.Phone("en"))
	g.logIn("ana@example.org", anasPassword)
	g.look("/people/aliases")
	for _, alias := range []string{"one@example.org", "two@example.org"} {
		g.Fill("#alias", alias)
		g.Fill("#targets", "ana@example.org")
		g.Click("#add button")
		g.reads("page_alias_added", "alias", alias)
	}
	g.Reload()
	g.Back()
	g.Reload()
	g.at("/people/aliases")
	g.look("/me")
	g.Touch("details:has(#app) summary")
	g.Fill("#device", "radio")
	g.Click("#app button")
	g.shownSecret("page_app_made", "radio")
	g.Back()
	g.Reload()
	var text string
	if g.Value("document.body.innerText", &text); strings.Contains(text, g.words.Say("page_app_made", "name", "radio", "secret", "")) {
		t.Error("the secret is shown again")
	}
	g.look("/queue/drop?id=" + a.jobs(t)[0].ID.String())
	g.Click("button.danger")
	g.Back()
	g.at("/queue/drop")
	g.Click("button.danger")
	g.reads("page_queue_gone")
	if list := must[[]store.Alias](t)(a.store.Aliases(t.Context())); len(list) != 3 {
		t.Errorf("%+v", list)
	}
	if apps := must[[]store.AppPassword](t)(a.store.AppPasswords(t.Context(), anaOfExample)); len(apps) != 2 {
		t.Errorf("%+v", apps)
	}
	if n := len(a.jobs(t)); n != 2 {
		t.Errorf("%d wait", n)
	}
}

// After the log-out nothing of before comes back.
func TestBrowserBackAfterLogOut(t *testing.T) {
	t.Parallel()
	g := visit(t, startHome(t), browsertest.Desk("es"))
	g.logIn("ana@example.org", anasPassword)
	g.look("/people")
	g.Click(".who button")
	g.at("/login")
	for range 2 {
		g.Back()
		g.at("/login")
		var text string
		if g.Value("document.body.innerText", &text); strings.Contains(text, "ana@example.org") {
			t.Errorf("is seen again: %s", text)
		}
	}
}

// Set-up is left in the middle, loaded again, gone back in, and goes on where it was, also in another browser.
func TestBrowserReloadSetup(t *testing.T) {
	t.Parallel()
	a := unclaimed(t)
	g := visit(t, a, browsertest.Phone("es"))
	g.look("/setup")
	g.Reload()
	g.Fill("#code", a.claim.Code())
	g.Click("#claim button")
	g.Reload()
	g.at("/setup/you")
	g.you("ana@example.org", anasPassword, anasPassword)
	g.at("/setup/line")
	g.Reload() // while it looks
	g.at("/setup/line")
	g.Until(`document.querySelectorAll("#found li").length > 4`)
	g.Back()
	g.Until(`location.pathname.startsWith("/setup/")`) // and no second account is asked for
	g.at("/setup/line")
	g.look("/")
	g.at("/setup/line")
	g.Click("#next")
	g.at("/setup/dns")
	g.Reload() // while it asks
	g.Until(`!!document.querySelector("#records .bad, #records .warn")`)
	other := g.stranger(browsertest.Phone("es"))
	other.logIn("ana@example.org", anasPassword)
	other.at("/setup/dns")
	if list := must[[]store.Account](t)(a.store.Accounts(t.Context())); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}
