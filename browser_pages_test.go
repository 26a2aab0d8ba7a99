package main

import (
	"strings"
	"testing"

	"buzon/internal/browsertest"
)

// everyPage is all of the dashboard and of one's own account, with a name for the picture.
func everyPage() [][2]string {
	return [][2]string{
		{"status", "/status"}, {"queue", "/queue"}, {"queue-drop", "/queue/drop?all=yes"}, {"mail", "/mail"}, {"mail-out", "/mail/out"},
		{"mail-refused", "/mail/refused"}, {"people", "/people"}, {"account", "/people/account?address=luis@example.org"},
		{"account-own", "/people/account?address=ana@example.org"}, {"people-remove", "/people/remove?address=luis@example.org"},
		{"aliases", "/people/aliases"}, {"here", "/people/here"}, {"domains", "/domains"}, {"records", "/domains/records?domain=example.org"},
		{"domain-remove", "/domains/remove?domain=example.org"}, {"flow", "/flow"}, {"rules", "/flow/rules"}, {"rules-allow", "/flow/rules?allow=yes"},
		{"doctor", "/doctor"}, {"settings", "/settings"}, {"backup", "/backup"}, {"update", "/update"}, {"log", "/log"}, {"me", "/me"},
	}
}

// Every page in both languages, on a phone and on a desk, light and dark.
func TestBrowserEveryPage(t *testing.T) {
	for _, o := range []browsertest.Options{browsertest.Phone("en"), dark(browsertest.Phone("es"))} {
		t.Run(o.Language, func(t *testing.T) {
			t.Parallel()
			g := visit(t, startHome(t), o)
			g.look("/login")
			g.bothSizes("login")
			g.logIn("ana@example.org", anasPassword)
			g.at("/status")
			for _, page := range everyPage() {
				g.look(page[1])
				g.unfold()
				g.bothSizes(page[0])
			}
			g.look("/nowhere")
			g.refused("404")
			g.bothSizes("nowhere")
		})
	}
}

// bothSizes checks the page that is there on a phone and on a desk.
func (g *guest) bothSizes(name string) {
	g.t.Helper()
	g.Resize(320, 640)
	g.check(name)
	g.Resize(1200, 800)
	g.check(name)
	var body string
	if g.Value(`document.body.textContent`, &body); strings.Contains(body, "Nobody's business") || strings.Contains(body, "relay secret") {
		g.t.Errorf("%s shows what nobody is to see", name)
	}
	if strings.Contains(body, " ,") || strings.Contains(body, "{") {
		g.t.Errorf("%s has a sentence with a gap: %s", name, body)
	}
}

// unfold opens all that is folded, so that it is looked at, too.
func (g *guest) unfold() {
	g.t.Helper()
	g.Value(`document.querySelectorAll("details").forEach(d => { d.open = true }), true`, new(bool))
}

// A user who is no admin sees the own account alone.
func TestBrowserOwnPage(t *testing.T) {
	t.Parallel()
	g := visit(t, startHome(t), browsertest.Phone("en"))
	g.logIn("luis@example.org", anasPassword)
	g.at("/me")
	g.unfold()
	g.bothSizes("luis")
	g.look("/status")
	g.refused("403")
	g.bothSizes("luis-status")
}
