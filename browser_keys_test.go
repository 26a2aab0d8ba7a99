package main

import (
	"testing"

	"buzon/internal/browsertest"
	"buzon/internal/store"
)

// Everything below is done with Tab, Enter and Space; where the focus is, it is seen (TabTo).

// The link to the content is the first stop, and leads past the menu.
func TestBrowserKeysSkipLink(t *testing.T) {
	t.Parallel()
	g := visit(t, startHome(t), browsertest.Desk("en"))
	g.logIn("ana@example.org", anasPassword)
	g.look("/people")
	g.TabTo(".skip")
	g.Picture("skip")
	g.Press("\r")
	g.Until(`location.hash === "#main"`)
	g.Press("\t")
	var inside bool
	if g.Value(`document.querySelector("main").contains(document.activeElement)`, &inside); !inside {
		t.Errorf("after the link the focus is on %s", g.Focus())
	}
}

// Log in and make an app password.
func TestBrowserKeysAppPassword(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	g := visit(t, a, browsertest.Phone("en"))
	g.look("/login")
	g.TabTo("#address")
	g.write("ana@example.org")
	g.TabTo("#password")
	g.write(anasPassword)
	g.Enter()
	g.at("/status")
	g.TabTo(`nav a[href="/me"]`)
	g.Enter()
	g.at("/me")
	g.TabTo("details:has(#app) summary")
	g.Press(" ")
	g.TabTo("#device")
	g.write("laptop")
	g.TabTo("#app button")
	g.Picture("focus")
	g.Go(" ")
	g.shownSecret("page_app_made", "laptop")
	if apps := must[[]store.AppPassword](t)(a.store.AppPasswords(t.Context(), anaOfExample)); len(apps) != 2 {
		t.Errorf("%+v", apps)
	}
}

// The first two steps of the set-up.
func TestBrowserKeysSetup(t *testing.T) {
	t.Parallel()
	a := unclaimed(t)
	g := visit(t, a, browsertest.Desk("es"))
	g.look("/")
	g.TabTo("#code")
	g.write(a.claim.Code())
	g.Enter()
	g.at("/setup/you")
	for _, field := range [][2]string{{"#name", "Ana"}, {"#address", "ana@example.org"}, {"#password", anasPassword}, {"#again", anasPassword}} {
		g.TabTo(field[0])
		g.write(field[1])
	}
	g.TabTo("#you button")
	g.Go(" ")
	g.at("/setup/line")
	if !a.claimed() {
		t.Error("the box has no owner")
	}
}

// write types into what has the focus.
func (g *guest) write(text string) {
	g.t.Helper()
	for _, r := range text {
		g.Press(string(r))
	}
}
